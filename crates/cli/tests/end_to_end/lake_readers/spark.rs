//! A Spark cluster on this machine: a master and a worker, as processes of their own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long Spark may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The cluster; it is stopped when it is dropped.
pub(super) struct Cluster {
    processes: Vec<Child>,
    master: String,
}

impl Cluster {
    /// The cluster of the Spark that a Python environment has; `None` without Java.
    pub(super) fn start(python: &Path, folder: &Path) -> Option<Cluster> {
        let has_java = Command::new("java").arg("-version").output();
        if !has_java.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let found = Command::new(python)
            .args(["-c", "import pyspark; print(pyspark.__path__[0])"])
            .output()
            .unwrap();
        let home = String::from_utf8(found.stdout).unwrap().trim().to_owned();
        let port = free_port();
        let master = format!("spark://127.0.0.1:{port}");
        let start = |arguments: &[&str]| {
            Command::new(format!("{home}/bin/spark-class"))
                .args(arguments)
                .current_dir(folder)
                .env("SPARK_HOME", &home)
                .env("SPARK_LOCAL_IP", "127.0.0.1")
                .env("SPARK_WORKER_DIR", folder.join("work"))
                .env("SPARK_LOCAL_DIRS", folder.join("local"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let port_text = port.to_string();
        let mut cluster = Cluster {
            processes: Vec::new(),
            master: master.clone(),
        };
        cluster.processes.push(start(&[
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            &port_text,
            "--webui-port",
            "0",
        ]));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "Spark's master does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        cluster.processes.push(start(&[
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            "-c",
            "1",
            "-m",
            "1g",
            &master,
        ]));
        Some(cluster)
    }

    /// The address for applications.
    pub(super) fn master(&self) -> &str {
        &self.master
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

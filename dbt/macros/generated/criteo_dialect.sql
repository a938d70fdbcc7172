{# Made by the tests of crates/views, from dialects.toml, models.toml and the catalog: do not edit. #}

{% macro criteo_add_days(first, second) -%}
    {%- if target.type == 'clickhouse' -%}
    addDays({{ first }}, CAST({{ second }} AS Nullable(Int32)))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} + CAST({{ second }} AS INTEGER) AS DATE)
    {%- elif target.type == 'postgres' -%}
    ({{ first }} + CAST({{ second }} AS integer))
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_boolean(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Bool))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS BOOLEAN)
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS boolean)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_day(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Date32))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS DATE)
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS date)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_days_between(first, second) -%}
    {%- if target.type == 'clickhouse' -%}
    dateDiff('day', {{ first }}, {{ second }})
    {%- elif target.type == 'duckdb' -%}
    date_diff('day', {{ first }}, {{ second }})
    {%- elif target.type == 'postgres' -%}
    ({{ second }} - {{ first }})
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_float(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Float64))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS DOUBLE)
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS double precision)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_integer(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Int64))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS BIGINT)
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS bigint)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_money(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Decimal(38, 9)))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS DECIMAL(38, 9))
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS numeric(38, 9))
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_month_first(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST(toStartOfMonth({{ first }}) AS Nullable(Date32))
    {%- elif target.type == 'duckdb' -%}
    CAST(date_trunc('month', {{ first }}) AS DATE)
    {%- elif target.type == 'postgres' -%}
    CAST(date_trunc('month', {{ first }}) AS date)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_month_last(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST(toLastDayOfMonth({{ first }}) AS Nullable(Date32))
    {%- elif target.type == 'duckdb' -%}
    last_day({{ first }})
    {%- elif target.type == 'postgres' -%}
    CAST(date_trunc('month', {{ first }}) + INTERVAL '1 month' - INTERVAL '1 day' AS date)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_text(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(String))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS VARCHAR)
    {%- elif target.type == 'postgres' -%}
    CAST({{ first }} AS text)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_utc_day(first) -%}
    {%- if target.type == 'clickhouse' -%}
    CAST({{ first }} AS Nullable(Date32))
    {%- elif target.type == 'duckdb' -%}
    CAST({{ first }} AS DATE)
    {%- elif target.type == 'postgres' -%}
    CAST(CAST({{ first }} AS timestamp with time zone) AT TIME ZONE 'UTC' AS date)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro criteo_weekday(first) -%}
    {%- if target.type == 'clickhouse' -%}
    toDayOfWeek({{ first }})
    {%- elif target.type == 'duckdb' -%}
    isodow({{ first }})
    {%- elif target.type == 'postgres' -%}
    CAST(extract(isodow FROM {{ first }}) AS integer)
    {%- else -%}
    {{ exceptions.raise_compiler_error('criteo_connector knows the SQL of clickhouse, duckdb, postgres, and not that of ' ~ target.type) }}
    {%- endif -%}
{%- endmacro %}

//! Which currencies are accepted.

use crate::catalog::nearest;

/// The currencies that people pay with, by ISO 4217's list one as of 2026: without its funds, metals, units of account
/// and codes for tests, in which no report can be. The last line are codes that ISO has withdrawn since 2021; histories
/// are still asked for in them. Which of all these Criteo converts to, only Criteo knows (its docs name some 120, which
/// change); what it refuses has a row of its own in the table of causes.
const CURRENCIES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP \
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR \
    IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU \
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG \
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV \
    WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG \
    ANG BGN CUC HRK SLL ZWL";

/// The ones to suggest where several are equally near.
const COMMON: [&str; 4] = ["EUR", "USD", "GBP", "JPY"];

/// Says what is wrong with `currency` as the currency of reports, or nothing.
pub(super) fn problem(currency: &str) -> Option<String> {
    let known = || CURRENCIES.split_ascii_whitespace();
    if known().any(|code| code == currency) {
        return None;
    }
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    let candidates = COMMON.into_iter().chain(known());
    let suggestion = nearest(currency, candidates.map(|code| (code, code)))
        .map(|code| format!("; did you mean \"{code}\"?"));
    Some(if is_code {
        let suggestion = suggestion
            .unwrap_or_else(|| "; write the code of yours, such as \"EUR\" or \"USD\"".to_owned());
        format!("`currency` \"{currency}\" is no currency of ISO 4217{suggestion}")
    } else {
        let suggestion = suggestion.unwrap_or_default();
        format!(
            "`currency` must be three capital letters (ISO 4217, such as \"EUR\"), but is \"{currency}\"{suggestion}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_those_of_iso_4217() {
        for code in ["EUR", "USD", "JPY", "XOF", "TWD", "BGN"] {
            assert_eq!(problem(code), None, "{code}");
        }
        // An invented one, gold, a fund, the code for tests, the code for none.
        for code in ["XXZ", "XAU", "CHE", "XTS", "XXX"] {
            let problem = problem(code).unwrap();
            assert!(problem.contains("is no currency of ISO 4217"), "{problem}");
        }
        let mut codes: Vec<&str> = CURRENCIES.split_ascii_whitespace().collect();
        assert!(
            codes
                .iter()
                .all(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
        );
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "one stands there twice");
    }

    #[test]
    fn the_nearest_code_is_suggested() {
        for (wrong, near) in [
            ("eur", "EUR"),
            ("EURO", "EUR"),
            ("EUD", "EUR"),
            ("USA", "USD"),
            ("gpb", "GBP"),
            ("NKO", "NOK"),
            ("SKE", "SEK"),
            ("UDS", "USD"),
        ] {
            let problem = problem(wrong).unwrap();
            assert!(
                problem.ends_with(&format!("did you mean \"{near}\"?")),
                "{problem}"
            );
        }
        assert!(!problem("dollars").unwrap().contains("did you mean"));
    }
}

{{ config(enabled=var('criteo_using_ad_report', false)) }}
{{ criteo_daily('ad_statistics', ['advertiser', 'campaign', 'ad_set', 'ad']) }}

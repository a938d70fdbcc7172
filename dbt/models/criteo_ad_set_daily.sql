{{ criteo_daily('statistics', ['advertiser', 'campaign', 'ad_set']) }}

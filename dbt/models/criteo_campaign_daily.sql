{{ criteo_daily('statistics', ['advertiser', 'campaign']) }}

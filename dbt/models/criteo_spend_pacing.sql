{{ config(enabled=var('criteo_using_budgets', true)) }}
{%- set has_campaigns = 'spend_limit_amount' in criteo_columns('campaigns') and 'campaign_id' in criteo_columns('statistics') -%}
{%- set has_ad_sets = 'budget_amount' in criteo_columns('ad_sets') and 'ad_set_id' in criteo_columns('statistics') -%}
{#- A list with a member for each kind of thing that has a budget. -#}
{%- set levels = (['campaign'] if has_campaigns else []) + (['ad_set'] if has_ad_sets else []) -%}
{#- The last day that was over in the report's time zone when it was read, and the first day that is loaded. -#}
with loaded as (
    select
        a.advertiser_id as advertiser_id
        , max(r.currency) as currency
        , min(w.first_day) as loaded_from
        , max(case when w.last_day < w.read_on then w.last_day else {{ criteo_add_days('w.read_on', '-1') }} end) as as_of
    from {{ source('criteo', '_criteo_windows') }} as w
    inner join {{ source('criteo', '_criteo_window_advertisers') }} as a on a.window_id = w.window_id
    inner join {{ source('criteo', '_criteo_streams') }} as r on r.stream = w.stream
    where w.stream = 'statistics' and w.quarantine_reason is null and w.first_day < w.read_on
    group by a.advertiser_id
)
, budgets as (
    {%- for level in levels %}
    {%- if level == 'campaign' %}
    select
        'campaign' as level
        , c.advertiser_id as advertiser_id
        , c.campaign_id as campaign_id
        , c.campaign_id as id
        , c.campaign_name as name
        , c.spend_limit_type as strategy
        , c.spend_limit_renewal as renewal
        , c.spend_limit_amount as budget
        , {{ criteo_text('null') }} as delivery_week
        {%- if 'start_date' in criteo_columns('ad_sets') %}
        , flights.first_day as flight_from
        , flights.last_day as flight_to
        {%- else %}
        , {{ criteo_day('null') }} as flight_from
        , {{ criteo_day('null') }} as flight_to
        {%- endif %}
    from {{ source('criteo', 'campaigns') }} as c
    {%- if 'start_date' in criteo_columns('ad_sets') %}
    left join (
        select
            d.campaign_id as campaign_id
            , min({{ criteo_utc_day('d.start_date') }}) as first_day
            , case when count(*) = count(d.end_date) then max({{ criteo_utc_day('d.end_date') }}) end as last_day
        from {{ source('criteo', 'ad_sets') }} as d
        group by d.campaign_id
    ) as flights on flights.campaign_id = c.campaign_id
    {%- endif %}
    {%- else %}
    select
        'ad_set' as level
        , d.advertiser_id as advertiser_id
        , d.campaign_id as campaign_id
        , d.ad_set_id as id
        , d.ad_set_name as name
        , d.budget_strategy as strategy
        , d.budget_renewal as renewal
        , d.budget_amount as budget
        , d.budget_delivery_week as delivery_week
        , {{ criteo_utc_day('d.start_date') }} as flight_from
        , {{ criteo_utc_day('d.end_date') }} as flight_to
    from {{ source('criteo', 'ad_sets') }} as d
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{#- Days from the beginning of the budget's week to the last whole day. -#}
{%- set into_week -%}
({{ criteo_weekday('l.as_of') }} + 7 - case lower(b.delivery_week)
            when 'tuesdaytomonday' then 2 when 'wednesdaytotuesday' then 3 when 'thursdaytowednesday' then 4
            when 'fridaytothursday' then 5 when 'saturdaytofriday' then 6 when 'sundaytosaturday' then 7
            else 1 end) % 7
{%- endset %}
, periods as (
    select
        b.level as level
        , b.advertiser_id as advertiser_id
        , b.campaign_id as campaign_id
        , b.id as id
        , b.name as name
        , b.strategy as strategy
        , b.renewal as renewal
        , b.budget as budget
        , l.currency as currency
        , l.loaded_from as loaded_from
        , l.as_of as as_of
        , case lower(b.renewal)
            when 'daily' then l.as_of
            when 'weekly' then {{ criteo_add_days('l.as_of', '0 - ' ~ into_week) }}
            when 'lifetime' then b.flight_from
            else {{ criteo_month_first('l.as_of') }}
        end as period_from
        , case lower(b.renewal)
            when 'daily' then l.as_of
            when 'weekly' then {{ criteo_add_days('l.as_of', '6 - ' ~ into_week) }}
            when 'lifetime' then b.flight_to
            else {{ criteo_month_last('l.as_of') }}
        end as period_to
    from budgets as b
    left join loaded as l on l.advertiser_id = b.advertiser_id
)
, costs as (
    {%- for level in levels %}
    select
        '{{ level }}' as level
        , f.{{ level }}_id as id
        , f.day as day
        , {{ criteo_money('sum(f.advertiser_cost)') }} as cost
    from {{ source('criteo', 'statistics') }} as f
    group by f.{{ level }}_id, f.day
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
, spends as (
    select
        p.level as level
        , p.id as id
        , sum(case
            when c.day <= p.as_of
                and (p.period_from is null or c.day >= p.period_from)
                and (p.period_to is null or c.day <= p.period_to)
            then c.cost end) as spend
    from periods as p
    left join costs as c on c.level = p.level and c.id = p.id
    group by p.level, p.id
)
, paces as (
    select
        p.level as level
        , p.advertiser_id as advertiser_id
        , p.campaign_id as campaign_id
        , p.id as id
        , p.name as name
        , p.strategy as strategy
        , p.renewal as renewal
        , p.currency as currency
        , p.as_of as as_of
        , p.loaded_from as loaded_from
        , p.period_from as period_from
        , p.period_to as period_to
        , {{ criteo_money('p.budget') }} as budget
        , case when p.as_of is not null then {{ criteo_money('coalesce(s.spend, 0)') }} end as spend
        , case
            when p.as_of < p.period_from then 0
            when p.period_to < p.as_of then {{ criteo_days_between('p.period_from', 'p.period_to') }} + 1
            else {{ criteo_days_between('p.period_from', 'p.as_of') }} + 1
        end as days_elapsed
        , {{ criteo_days_between('p.period_from', 'p.period_to') }} + 1 as days_in_period
    from periods as p
    inner join spends as s on s.level = p.level and s.id = p.id
)
select
    p.level as level
    , p.advertiser_id as advertiser_id
    , p.campaign_id as campaign_id
    , p.id as id
    , p.name as name
    , p.strategy as budget_strategy
    , p.renewal as budget_renewal
    , p.currency as currency
    , p.as_of as as_of
    , p.period_from as period_from
    , p.period_to as period_to
    , {{ criteo_boolean('p.loaded_from <= p.period_from') }} as is_period_loaded
    , {{ criteo_integer('p.days_elapsed') }} as days_elapsed
    , {{ criteo_integer('p.days_in_period') }} as days_in_period
    , p.budget as budget
    , p.spend as spend
    , {{ criteo_money('p.budget - p.spend') }} as remaining
    , {{ criteo_ratio('p.spend', 'p.budget') }} as budget_share
    , {{ criteo_ratio('p.days_elapsed', 'p.days_in_period') }} as period_share
    , {{ criteo_float('p.spend') }} * {{ criteo_ratio('p.days_in_period', 'p.days_elapsed') }} as projected_spend
    , ({{ criteo_float('p.spend') }} * {{ criteo_ratio('p.days_in_period', 'p.days_elapsed') }}) / nullif({{ criteo_float('p.budget') }}, 0) as pace
from paces as p

{{ config(enabled=var('criteo_using_transactions', true)) }}
{#- Rows without an order's id cannot be told to be the same order unless moment and amount agree. -#}
{%- set same_order -%}
partition by t.advertiser_id, t.transaction_id
            , case when t.transaction_id is null then t.transaction_date end
            , case when t.transaction_id is null then t.amount end
{%- endset -%}
with events as (
    select
        t.advertiser_id as advertiser_id
        , t.advertiser_name as advertiser_name
        , t.transaction_id as transaction_id
        , t.transaction_date as transaction_date
        , t.amount as amount
        , t.currency as currency
        , t.time_zone as time_zone
        , t.attributed_transaction as attributed
        , t.cross_device_transaction as cross_device
        , t.event_type as event_type
        , t.event_date as event_date
        , t.ad_set_name as ad_set_name
        , row_number() over (
            {{ same_order }}
            order by
                case when t.attributed_transaction then 0 else 1 end
                , case when lower(t.event_type) = 'click' then 0 else 1 end
                , case when t.event_date is null then 1 else 0 end
                , t.event_date desc
                , t.ad_set_name
                , t.transaction_date
                , t.amount
        ) as place
        , count(*) over ({{ same_order }}) as event_count
        , sum(case when lower(t.event_type) = 'click' then 1 else 0 end) over ({{ same_order }}) as click_count
    from {{ source('criteo', 'transactions') }} as t
)
select
    e.advertiser_id as advertiser_id
    , e.advertiser_name as advertiser_name
    , e.transaction_id as transaction_id
    , {{ criteo_day('e.transaction_date') }} as day
    , e.transaction_date as transaction_date
    , e.amount as amount
    , e.currency as currency
    , e.time_zone as time_zone
    , e.attributed as attributed
    , e.cross_device as cross_device
    , e.event_type as event_type
    , e.event_date as event_date
    , e.ad_set_name as ad_set_name
    , {{ criteo_integer('e.event_count') }} as event_count
    , {{ criteo_integer('e.click_count') }} as click_count
from events as e
where e.place = 1

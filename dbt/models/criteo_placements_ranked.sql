{{ config(enabled=var('criteo_using_placements', true)) }}
{%- set columns = criteo_columns('placements') -%}
{%- set dimensions = ['environment', 'ad_channel', 'disclosed'] -%}
with sums as (
    select
        {{ criteo_month_first('f.day') }} as month
        , f.advertiser_id as advertiser_id
        , f.placement as placement
        {%- for dimension in dimensions if dimension in columns %}
        , f.{{ dimension }} as {{ dimension }}
        {%- endfor %}
        , f.currency as currency
        {{- criteo_sums('placements') }}
    from {{ source('criteo', 'placements') }} as f
    group by
        {{ criteo_month_first('f.day') }}
        , f.advertiser_id
        , f.placement
        {%- for dimension in dimensions if dimension in columns %}
        , f.{{ dimension }}
        {%- endfor %}
        , f.currency
)
select
    s.month as month
    , s.advertiser_id as advertiser_id
    , s.currency as currency
    , {{ criteo_integer('rank() over (partition by s.month, s.advertiser_id, s.currency order by coalesce(s.cost, 0) desc)') }} as cost_rank
    , s.placement as placement
    {%- for dimension in dimensions if dimension in columns %}
    , s.{{ dimension }} as {{ dimension }}
    {%- endfor %}
    , {{ criteo_ratio('s.cost', 'sum(s.cost) over (partition by s.month, s.advertiser_id, s.currency)') }} as cost_share
    {{- criteo_rates('placements') }}
from sums as s

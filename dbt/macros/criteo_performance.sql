{#- The SQL that several models share. `criteo views` renders this very file, so it keeps to what dbt's Jinja and
    MiniJinja have in common; what differs between databases is in generated/criteo_dialect.sql. -#}

{#- a / b as a floating-point number; NULL when b is zero, or either is unknown. -#}
{% macro criteo_ratio(dividend, divisor) -%}
    {{ criteo_float(dividend) }} / nullif({{ criteo_float(divisor) }}, 0)
{%- endmacro %}

{#- What the advertiser spent: reports call it differently. -#}
{% macro criteo_cost_column(source_name) -%}
    {%- if source_name == 'placements' -%}cost{%- else -%}advertiser_cost{%- endif -%}
{%- endmacro %}

{#- The sums of what was synced, as further columns of a query over `facts`. A sum is NULL when none of its rows were
    read with that metric. -#}
{% macro criteo_sums(source_name) -%}
    {%- set columns = criteo_columns(source_name) -%}
    {%- set cost = criteo_cost_column(source_name) -%}
    {%- for metric in ['displays', 'clicks'] if metric in columns %}
        , {{ criteo_integer('sum(f.' ~ metric ~ ')') }} as {{ metric }}
    {%- endfor %}
    {%- if cost in columns %}
        , {{ criteo_money('sum(f.' ~ cost ~ ')') }} as cost
    {%- endif %}
    {%- for model in criteo_attribution_models(source_name) %}
        {%- if model.sales in columns %}
        , {{ criteo_integer('sum(f.' ~ model.sales ~ ')') }} as sales_{{ model.key }}
        {%- endif %}
        {%- if model.revenue in columns %}
        , {{ criteo_money('sum(f.' ~ model.revenue ~ ')') }} as revenue_{{ model.key }}
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- The sums again, with the rates that follow from them, as further columns of a query over `sums`. -#}
{% macro criteo_rates(source_name) -%}
    {%- set columns = criteo_columns(source_name) -%}
    {%- set has_cost = criteo_cost_column(source_name) in columns -%}
    {%- for metric in ['displays', 'clicks'] if metric in columns %}
    , s.{{ metric }} as {{ metric }}
    {%- endfor %}
    {%- if has_cost %}
    , s.cost as cost
    {%- endif %}
    {%- if 'clicks' in columns and 'displays' in columns %}
    , {{ criteo_ratio('s.clicks', 's.displays') }} as ctr
    {%- endif %}
    {%- if has_cost and 'clicks' in columns %}
    , {{ criteo_ratio('s.cost', 's.clicks') }} as cpc
    {%- endif %}
    {%- if has_cost and 'displays' in columns %}
    , {{ criteo_ratio('s.cost * 1000', 's.displays') }} as cpm
    {%- endif %}
    {%- for model in criteo_attribution_models(source_name) %}
        {%- if model.sales in columns %}
    , s.sales_{{ model.key }} as sales_{{ model.key }}
        {%- endif %}
        {%- if model.revenue in columns %}
    , s.revenue_{{ model.key }} as revenue_{{ model.key }}
            {%- if has_cost %}
    , {{ criteo_ratio('s.revenue_' ~ model.key, 's.cost') }} as roas_{{ model.key }}
    , {{ criteo_ratio('s.cost', 's.revenue_' ~ model.key) }} as cos_{{ model.key }}
            {%- endif %}
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Performance per day and the last of `levels`, with the names that its entities have today, or else those that the
    report brought. An entity has one name here even if it were listed twice, so no join multiplies rows. -#}
{% macro criteo_daily(source_name, levels) -%}
{%- set columns = criteo_columns(source_name) -%}
with sums as (
    select
        f.day as day
        {%- for level in levels %}
        , f.{{ level }}_id as {{ level }}_id
        , {% if (level ~ '_name') in columns %}max(f.{{ level }}_name){% else %}{{ criteo_text('null') }}{% endif %} as {{ level }}_name
        {%- endfor %}
        , f.currency as currency
        , f.time_zone as time_zone
        {{- criteo_sums(source_name) }}
    from {{ source('criteo', source_name) }} as f
    group by
        f.day
        {%- for level in levels %}
        , f.{{ level }}_id
        {%- endfor %}
        , f.currency
        , f.time_zone
)
{%- for level in levels if (level ~ '_name') in criteo_columns(level ~ 's') %}
, {{ level }}_names as (
    select
        e.{{ level }}_id as {{ level }}_id
        , max(e.{{ level }}_name) as present_name
    from {{ source('criteo', level ~ 's') }} as e
    group by e.{{ level }}_id
)
{%- endfor %}
select
    s.day as day
    {%- for level in levels %}
    , s.{{ level }}_id as {{ level }}_id
    , {% if (level ~ '_name') in criteo_columns(level ~ 's') %}coalesce({{ level }}_names.present_name, s.{{ level }}_name){% else %}s.{{ level }}_name{% endif %} as {{ level }}_name
    {%- endfor %}
    , s.currency as currency
    , s.time_zone as time_zone
    {{- criteo_rates(source_name) }}
from sums as s
{%- for level in levels if (level ~ '_name') in criteo_columns(level ~ 's') %}
left join {{ level }}_names on {{ level }}_names.{{ level }}_id = s.{{ level }}_id
{%- endfor %}
{%- endmacro %}

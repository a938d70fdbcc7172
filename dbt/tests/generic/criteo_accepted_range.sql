{#- No value lies outside; a metric that was not synced has no column, and nothing to say. -#}
{% test criteo_accepted_range(model, column_name, minimum=none, maximum=none) %}
{%- set present = adapter.get_columns_in_relation(model) | map(attribute='name') | map('lower') | list -%}
{%- if column_name in present -%}
select {{ column_name }}
from {{ model }}
where 1 = 0
    {%- if minimum is not none %}
    or {{ column_name }} < {{ minimum }}
    {%- endif %}
    {%- if maximum is not none %}
    or {{ column_name }} > {{ maximum }}
    {%- endif %}
{%- else -%}
select 1 as nothing where 1 = 0
{%- endif -%}
{% endtest %}

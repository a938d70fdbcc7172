{#- No two rows agree in all of these columns, as far as the model has them. -#}
{% test criteo_unique_key(model, columns) %}
{%- set present = adapter.get_columns_in_relation(model) | map(attribute='name') | map('lower') | list -%}
{%- set key = columns | select('in', present) | join(', ') -%}
select {{ key }}, count(*) as row_count
from {{ model }}
group by {{ key }}
having count(*) > 1
{% endtest %}

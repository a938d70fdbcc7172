{#- The names of the columns that a source has, in lower case; none when there is no such table, or while dbt only
    parses. Asking for the source tells dbt what a model depends on, so this is asked before `execute` is. -#}
{% macro criteo_columns(source_name) %}
    {%- set relation = source('criteo', source_name) -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier) -%}
    {%- if found is none -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(adapter.get_columns_in_relation(found) | map(attribute='name') | map('lower') | list) }}
{% endmacro %}

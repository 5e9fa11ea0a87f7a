-- The catalogue, with names fit to print. One row per product_id.
select
    product_id,
    sku,
    product_name || ' (' || sku || ')' as product,
    category,
    supplier,
    reorder_level,
    discontinued
from staging.stg_products

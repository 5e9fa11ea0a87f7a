-- Products, past and present. One row per product_id.
select
    product_id,
    sku,
    product_name,
    coalesce(category, 'other') as category,
    supplier,
    reorder_level,
    discontinued
from shop.products

-- Products about to run out, and how short we are. One row per product_id.
with stock as (
    select
        product_id,
        sum(quantity) as on_hand
    from staging.stg_stock_movements
    group by product_id
)

select
    p.product_id,
    p.product,
    p.supplier,
    coalesce(s.on_hand, 0) as on_hand,
    p.reorder_level - coalesce(s.on_hand, 0) as short_by
from core.products as p
left join stock as s on s.product_id = p.product_id
where not p.discontinued
    and coalesce(s.on_hand, 0) <= p.reorder_level

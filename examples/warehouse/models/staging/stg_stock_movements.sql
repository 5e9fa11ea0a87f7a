-- Goods in and goods out. One row per movement_id.
select
    movement_id,
    product_id,
    quantity,
    cast(moved_at as date) as moved_on
from shop.stock_movements

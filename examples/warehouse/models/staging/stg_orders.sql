-- Orders, typed and named. One row per order_id.
select distinct
    order_id,
    customer_id,
    ordered_at,
    status,
    coalesce(sales_channel, 'web') as sales_channel,
    amount,
    coalesce(shipping_fee, 0) as shipping_fee
from shop.orders

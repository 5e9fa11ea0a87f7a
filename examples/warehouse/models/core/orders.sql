-- Orders that stand: placed, and not cancelled since. One row per order_id.
select
    o.order_id,
    o.customer_id,
    o.ordered_at,
    cast(date_trunc('month', o.ordered_at) as date) as order_month,
    o.status,
    o.sales_channel,
    o.amount,
    o.shipping_fee,
    (
        select min(p.promo_code)
        from staging.stg_promotions as p
        where p.order_id = o.order_id
    ) as promo_code,
    (
        select coalesce(sum(p.discount), 0)
        from staging.stg_promotions as p
        where p.order_id = o.order_id
    ) as discount
from staging.stg_orders as o
where o.status <> 'cancelled'

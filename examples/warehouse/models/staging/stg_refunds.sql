-- Refunds asked for, whatever became of them. One row per refund_id.
select
    refund_id,
    order_id,
    product_id,
    status,
    lower(trim(reason)) as reason,
    amount,
    cast(refunded_at as date) as refunded_on
from shop.refunds

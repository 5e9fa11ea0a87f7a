-- Refunds that were paid out. One row per refund_id.
select
    refund_id,
    order_id,
    product_id,
    coalesce(reason, 'not given') as refund_reason,
    amount,
    refunded_on
from staging.stg_refunds
where status = 'paid'

-- What comes back, and why. One row per product_id and reason.
select
    p.product_id,
    p.product,
    p.supplier,
    r.reason,
    count(*) as returns,
    sum(r.amount) as refunded
from core.refunds as r
inner join core.products as p on p.product_id = r.product_id
group by p.product_id, p.product, p.supplier, r.reason

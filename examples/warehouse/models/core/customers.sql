-- Customers and the country that they buy from. One row per customer_id.
select
    x.customer_id,
    x.email,
    x.full_name,
    x.signed_up_on,
    x.closed_on,
    x.newsletter,
    coalesce(a.country, 'unknown') as country
from (
    select
        c.customer_id,
        c.email,
        c.full_name,
        c.signed_up_on,
        c.closed_on,
        c.newsletter
    from staging.stg_customers as c
) as x
left join core.addresses as a on x.customer_id = a.customer_id

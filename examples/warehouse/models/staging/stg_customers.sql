-- Customers without the accounts that we made ourselves. One row per customer_id.
select
    customer_id,
    lower(trim(email)) as email,
    full_name,
    cast(signed_up_at as date) as signed_up_on,
    cast(closed_at as date) as closed_on,
    newsletter
from shop.customers
where not (is_test or is_staff)

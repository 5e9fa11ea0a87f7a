-- Customers and the country that they buy from. One row per customer_id.
with accounts as (
    select
        customer_id,
        email,
        full_name,
        signed_up_on,
        closed_on,
        newsletter
    from staging.stg_customers
)

select
    accounts.customer_id,
    accounts.email,
    accounts.full_name,
    accounts.signed_up_on,
    accounts.closed_on,
    accounts.newsletter,
    coalesce(addresses.country, 'unknown') as country
from accounts
left join core.addresses as addresses
    on addresses.customer_id = accounts.customer_id

-- Promotions redeemed. One row per order_id and promo_code.
select
    order_id,
    promo_code,
    discount
from shop.promotions

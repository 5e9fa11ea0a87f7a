-- Promotions redeemed on orders. Most orders have none, and a few have two.
create table shop.promotions (
    order_id integer not null,
    promo_code text not null,
    discount numeric(12, 2) not null,
    redeemed_at timestamp not null,
    primary key (order_id, promo_code),
    foreign key (order_id) references shop.orders (order_id)
);

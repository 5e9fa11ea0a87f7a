-- Refunds asked for. Without a product, it is the whole order that came back.
create table shop.refunds (
    refund_id integer primary key,
    order_id integer not null,
    product_id integer,
    status text not null,              -- requested, paid, rejected
    reason text,
    amount numeric(12, 2) not null,
    refunded_at timestamp not null,
    foreign key (order_id) references shop.orders (order_id),
    foreign key (product_id) references shop.products (product_id)
);

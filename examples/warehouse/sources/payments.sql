-- Payments, as the payment provider reports them. An order may be paid in parts.
create table shop.payments (
    payment_id integer primary key,
    order_id integer not null,
    method text not null,              -- card, transfer, voucher
    amount numeric(12, 2) not null,
    fee numeric(12, 2),                -- null until the provider has billed it
    settled_at timestamp,              -- null until the money has arrived
    foreign key (order_id) references shop.orders (order_id)
);

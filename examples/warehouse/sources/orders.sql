-- Orders as the checkout writes them, cancelled ones included.
create table shop.orders (
    order_id integer primary key,
    customer_id integer not null,
    ordered_at timestamp not null,
    status text not null,              -- placed, shipped, delivered, cancelled
    sales_channel text,                -- null for the oldest orders
    amount numeric(12, 2) not null,    -- what the customer pays, discounts taken off
    shipping_fee numeric(12, 2),
    foreign key (customer_id) references shop.customers (customer_id)
);

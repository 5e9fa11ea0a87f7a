-- Goods that entered the stock room (positive) or left it (negative).
create table shop.stock_movements (
    movement_id integer primary key,
    product_id integer not null,
    quantity integer not null,
    moved_at timestamp not null,
    foreign key (product_id) references shop.products (product_id)
);

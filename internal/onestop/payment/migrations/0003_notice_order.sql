-- Nothing asks for the notices of an order: what came for it stands in its row.
DROP INDEX payment_notice_order;

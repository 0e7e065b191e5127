"""Plans of statements, and what has to be known of tables to judge them."""

"""What a result looks like: `plots.save_plots` (matplotlib) and `table.print_summary` (rich)."""

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and columns that fit the width of a terminal. */
#ifndef SEAWALL_NETMON_REPORT_GRID_H
#define SEAWALL_NETMON_REPORT_GRID_H

#include "netmon/report/text.h"

#define GRID_COLUMNS_MAX 8

/**
 * struct grid_column
 * @least: columns below which it is not squeezed; 0: it never is
 * @first: it gives way before the others
 */
struct grid_column {
	const char *title;
	size_t least;
	bool first;
};

struct grid_cell {
	const char *text; /* escaped; NULL is empty */
	enum tone tone;
};

struct grid_row {
	struct grid_cell cells[GRID_COLUMNS_MAX];
	const char *below; /* a line of its own, indented and dim; NULL */
};

struct grid {
	struct arena *arena;
	const struct grid_column *columns;
	size_t ncolumns;
	struct grid_row *rows;
	size_t nrows;
};

/** grid_row() - one more row, to be filled; NULL: the arena failed. */
struct grid_row *grid_row(struct grid *grid);

/**
 * grid_write() - titles and rows, two spaces between columns
 * @width: columns in all, 0: no bound. Too wide, and the first or widest of the columns
 *         that may be squeezed give way; the cells there end in "...".
 */
void grid_write(struct grid *grid, FILE *stream, size_t width, bool color);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and columns that fit the width of a terminal. */
#include "netmon/report/grid.h"

#define GAP_WIDTH    2
#define BELOW_INDENT 4

struct grid_row *grid_row(struct grid *grid)
{
	return arena_push(grid->arena, &grid->rows, &grid->nrows, sizeof(*grid->rows));
}

static void natural_widths(const struct grid *grid, size_t *widths)
{
	for (size_t c = 0; c < grid->ncolumns; c++) {
		widths[c] = text_width(grid->columns[c].title);
		for (size_t r = 0; r < grid->nrows; r++) {
			const char *text = grid->rows[r].cells[c].text;
			size_t width = text ? text_width(text) : 0;

			if (width > widths[c])
				widths[c] = width;
		}
	}
}

/* The column to take from: one that yields first, else the widest that may; ncolumns.
 */
static size_t choose(const struct grid *grid, const size_t *widths)
{
	size_t best = grid->ncolumns;

	for (size_t c = 0; c < grid->ncolumns; c++) {
		const struct grid_column *column = &grid->columns[c];

		if (column->least == 0 || widths[c] <= column->least)
			continue;
		if (column->first)
			return c;
		if (best == grid->ncolumns || widths[c] > widths[best])
			best = c;
	}
	return best;
}

static void squeeze(const struct grid *grid, size_t *widths, size_t width)
{
	size_t sum = GAP_WIDTH * (grid->ncolumns - 1);

	for (size_t c = 0; c < grid->ncolumns; c++)
		sum += widths[c];
	for (; sum > width; sum--) {
		size_t c = choose(grid, widths);

		if (c == grid->ncolumns)
			return;
		widths[c]--;
	}
}

static void write_cells(const struct grid *grid, FILE *stream,
	const struct grid_cell *cells, const size_t *widths, bool color)
{
	size_t n = grid->ncolumns;

	while (n > 0 && (!cells[n - 1].text || cells[n - 1].text[0] == '\0'))
		n--;
	for (size_t c = 0; c < n; c++) {
		const char *text = cells[c].text ? cells[c].text : "";

		text = text_cut(grid->arena, text, widths[c]);
		text_tone(stream, color, cells[c].tone, text);
		if (c + 1 < n)
			(void)fprintf(stream, "%*s",
				(int)(widths[c] - text_width(text) + GAP_WIDTH), "");
	}
	(void)fputc('\n', stream);
}

void grid_write(struct grid *grid, FILE *stream, size_t width, bool color)
{
	size_t widths[GRID_COLUMNS_MAX];
	struct grid_cell titles[GRID_COLUMNS_MAX] = {0};

	natural_widths(grid, widths);
	if (width > 0)
		squeeze(grid, widths, width);
	for (size_t c = 0; c < grid->ncolumns; c++)
		titles[c] = (struct grid_cell){grid->columns[c].title, TONE_BOLD};
	write_cells(grid, stream, titles, widths, color);
	for (size_t r = 0; r < grid->nrows; r++) {
		const struct grid_row *row = &grid->rows[r];

		write_cells(grid, stream, row->cells, widths, color);
		if (!row->below || row->below[0] == '\0')
			continue;
		(void)fprintf(stream, "%*s", BELOW_INDENT, "");
		text_tone(stream, color, TONE_DIM,
			width > BELOW_INDENT ? text_cut(grid->arena, row->below,
						       width - BELOW_INDENT)
					     : row->below);
		(void)fputc('\n', stream);
	}
}

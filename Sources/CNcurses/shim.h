#ifndef FLEET_CNCURSES_SHIM_H
#define FLEET_CNCURSES_SHIM_H

// ncurses keeps its screen in macros and mutable globals, which Swift 6 does not import: each is a function here.
// The two defines have to come before the include (facts of ncurses: wide characters, and a curses.h without its X/Open gaps).
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ncursesw/curses.h>
#include <term.h>

// term.h spells many short capabilities as macros; the names would leak into every importer.
#undef lines
#undef columns
#undef buttons
#undef tab

/// Sets the character encoding from the environment, or UTF-8 where the environment asks for something narrower. 1: UTF-8.
static inline int fleet_use_utf8(void) {
  if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return 1;
  return setlocale(LC_CTYPE, "C.UTF-8") != NULL;
}

/// Opens the terminal of that type on standard output and input. 1: opened.
static inline int fleet_open(const char *type) {
  SCREEN *screen = newterm(type, stdout, stdin);
  if (screen == NULL) return 0;
  set_term(screen);
  raw();
  noecho();
  nonl();
  curs_set(0);
  leaveok(stdscr, TRUE);
  return 1;
}

static inline void fleet_close(void) { endwin(); }

/// The string of a terminfo capability such as "rmcup"; NULL when the terminal has none. Valid while the terminal is open.
static inline const char *fleet_capability(const char *name) {
  const char *value = tigetstr((char *)name);
  return value == (const char *)-1 ? NULL : value;
}

/// 0: no colours.
static inline int fleet_start_colors(void) {
  if (!has_colors() || start_color() == ERR) return 0;
  use_default_colors();
  return COLORS;
}

static inline int fleet_color_pairs(void) { return COLOR_PAIRS; }
static inline int fleet_define_pair(int pair, int foreground, int background) {
  return init_extended_pair(pair, foreground, background) != ERR;
}

/// Writes cells without moving ncurses' cursor past them; colour pairs are limited to the range of a short.
static inline void fleet_put(int y, int x, const uint32_t *glyphs, int count, int bold, int dim, int reverse, int underline,
                             int pair) {
  attr_t attributes = (bold ? A_BOLD : 0) | (dim ? A_DIM : 0) | (reverse ? A_REVERSE : 0) | (underline ? A_UNDERLINE : 0);
  if (wmove(stdscr, y, x) == ERR) return;
  for (int i = 0; i < count; i++) {
    wchar_t text[2] = {(wchar_t)glyphs[i], 0};
    cchar_t cell;
    if (setcchar(&cell, text, attributes, (short)pair, NULL) == ERR) continue;
    mvwadd_wchnstr(stdscr, y, x + i, &cell, 1);
  }
}

static inline void fleet_stage(void) { wnoutrefresh(stdscr); }
static inline void fleet_place_cursor(int y, int x) {
  if (y < 0) { leaveok(stdscr, TRUE); curs_set(0); return; }
  leaveok(stdscr, FALSE);
  curs_set(1);
  wmove(stdscr, y, x);
}
static inline void fleet_flush(void) { doupdate(); }
static inline void fleet_resize(int rows, int columns_) {
  resizeterm(rows, columns_);
  wclear(stdscr);
  clearok(curscr, TRUE);
}
static inline int fleet_rows(void) { return LINES; }
static inline int fleet_columns(void) { return COLS; }

#endif

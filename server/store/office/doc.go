// Package office keeps what people make in the cabinet: organisations, users,
// registers and outlets as they name them, reports, messages, keys. Documents are
// not here: they are in server/store and never changed.
//
// One set of statements serves SQLite and PostgreSQL: plain tables, ids made by the
// program, times as nanoseconds. Each file implements the interface that the
// service of the same name declares. With SQLite the office has a file of its own,
// so that people's clicks never wait for, nor delay, the group that takes documents;
// with PostgreSQL it is the schema "cabinet" of the operator's database.
package office

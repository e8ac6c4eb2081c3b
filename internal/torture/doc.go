// Package torture is the crash test of the promise "confirmed means stored". Its
// tests run the real server (ofd serve, built with the tag torture) as child
// processes under load from emulated registers, and end them and what they stand on
// at moments drawn from a seed: kill -9, a disk that fails, tears writes and loses
// its power, a full disk, a database killed and replaced by its standby, connections
// cut, slowed and sliced.
//
// A register remembers every confirmation byte for byte. After each round all of them
// must be in the store, once each, and at the end every queue must drain and the
// whole history must fit the model of a ledger for each drive (porcupine).
//
// An ordinary test run takes a small sample. TORTURE=1 is the full size (make
// torture), TORTURE_SEED repeats the faults of a run, TORTURE_KILLS sets how often the
// server is killed. There is nothing to import here.
package torture

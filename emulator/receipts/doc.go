// Package receipts reads real receipts from the files in which people have them, the
// JSON of the tax service's app, of data sets and of operators, and raw TLV, and
// issues them again on emulated registers.
//
// What a file says and the formats or a new register cannot carry is listed with its
// place and the reason; nothing is dropped in silence and nothing is made up without
// a note. The package does not verify signs of the originals and cannot restore them:
// a receipt that is issued again is another document of another drive.
package receipts

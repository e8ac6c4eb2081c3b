// Package tlv is the codec of the fields that fiscal documents are made of: TLV
// and STLV with a two-byte little-endian tag and a two-byte little-endian length
// (order ЕД-7-20/662@, appendix 2).
//
// It knows lengths and kinds of values, not tags: which tag holds what is said
// by the dictionary of fiscal/ffd. Decoding walks the caller's buffer and copies
// nothing; values alias the buffer.
package tlv

// Tag is the number of a field (тег реквизита).
type Tag uint16

// HeaderLen is the length of tag and length before a value, in bytes.
const HeaderLen = 4

// MaxValueLen is the greatest length that the two-byte length field expresses.
const MaxValueLen = 1<<16 - 1

// Package fiscal holds the numbers and names that both ends of the wire share:
// the register with its fiscal drive (ККТ, ФН) and the operator (ОФД).
//
// It knows no bytes of the formats: those are in fiscal/tlv (TLV codec),
// fiscal/ffd (tag dictionary), fiscal/wire (transport) and fiscal/sign (signs).
package fiscal

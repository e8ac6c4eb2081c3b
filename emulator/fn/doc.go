// Package fn is a software fiscal drive (фискальный накопитель, ФН): a state
// machine that takes commands as bytes and answers as bytes (fn.md).
//
// It has no clock: time comes only with commands, as in a real drive. It opens no
// connection and knows no register; who carries its commands is package fnport or,
// over a line, package serial. It checks no content of documents beyond what a
// drive checks; that is fiscal/flk. A Device is used by one goroutine at a time.
//
// Where the papers are silent this drive decided:
//
//   - Tags that only the drive can know are added in the order of fn.md section 12
//     and refused from the register (0Bh) from FFD 1.1 on. Tags that both know (1017,
//     1209, 1190, 1213, 1290 and the flags 1290 replaced) are added when the register
//     did not send them; its own 1290 and flags count for the conditions too.
//   - A tag is demanded (0Dh) when the tables of FFD 1.1 and 1.2 both call it
//     mandatory; 18h is given for settlement tags outside receipts only.
//   - Sums of the VAT rates 5, 7 and 22 % (tag 1115) enter no VAT counter.
//   - The 30-day store lets confirmed documents go early when it needs room, so that
//     sending helps against 14h.
//   - The end of the keys' life is fixed by the first registration.
//   - With code 20h a wrong check code of a receipt is reason 5, not code 05h.
//   - The answer of 26h is the operator's code (0 when the format has none), then
//     tag 1206 or 1067 as it came.
//   - Layouts of 37h–39h, of long archive records, of forms 81, 82 and 84 and of the
//     key service are the bench's own; D3h–D6h are not known to the drive (01h).
package fn

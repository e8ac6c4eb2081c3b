package model

import (
	"fmt"
	"time"
)

// Texts of the standard register.
const (
	cashier = "Кассир Иванов"
	user    = "ООО Ромашка"
	address = "Москва, ул. Тестовая, 1"
	place   = "касса 1"
	site    = "www.nalog.gov.ru"
)

// keyDays is tag 1213: days left of the keys, 410.
var keyDays = TLV(1213, []byte{0x9A, 0x01})

// Registration is form 1 in transfer mode, general and simplified taxation.
func (r *Register) Registration() *Document { return r.next(1).Add(r.registration()...) }

// Change is form 11. A reason is a code of 1101 in FFD 1.05 and bits of 1205 after.
// A change that tells of a new drive is that drive's first document.
func (r *Register) Change(reason uint32) *Document {
	d := r.next(11)
	if r.FFD < 3 {
		return d.Add(U8(1101, byte(reason))).Add(r.registration()...)
	}
	if d.Add(U32(1205, reason)); reason&1 == 0 {
		d.Add(r.InLife.counters(1157))
	}
	return d.Add(r.registration()...)
}

func (r *Register) registration() [][]byte {
	encryption := byte(0)
	if r.Encrypt {
		encryption = 1
	}
	bso := byte(0)
	if r.BSO {
		bso = 1
	}
	all := [][]byte{
		Fixed(1017, r.OFD, 12), Text(1046, "ОФД стенда"), Text(1048, user), Text(1009, address),
		Text(1187, place), Text(1060, site), Text(1117, "shop@example.test"), Text(1013, r.Factory),
		Text(1188, "1.0"), U8(1189, r.FFD), U8(1190, max(r.FFD, 3)), U8(1062, 3), U8(1002, 0), U8(1056, encryption), U8(1001, 0),
		Text(1021, cashier),
	}
	if r.FFD == 4 {
		return append(all, U32(1290, uint32(bso)<<2), keyDays)
	}
	all = append(all, U8(1108, 0), U8(1109, 0), U8(1110, bso), U8(1221, 0), U8(1207, 0), U8(1126, 0), U8(1193, 0))
	if r.FFD == 3 {
		all = append(all, keyDays)
	}
	return all
}

// OpenShift is form 2.
func (r *Register) OpenShift() *Document {
	d := r.next(2)
	r.Shift++
	r.Open, r.Opened, r.Number, r.InShift = true, d.FD, 0, Ledger{}
	return d.Add(U32(1038, r.Shift), Text(1021, cashier), Text(1188, "1.0"), U8(1189, r.FFD))
}

// Receipt is form 3, or 4 of a БСО register: a sale of one item for cash, without
// VAT, in kopecks.
func (r *Register) Receipt(kopecks uint64) *Document {
	form := 3
	if r.BSO {
		form = 4
	}
	return r.Sale(form, 1, kopecks, 1)
}

// Correction is form 31, or 41 of a БСО register, on the register's own initiative.
func (r *Register) Correction(kopecks uint64) *Document {
	form := 31
	if r.BSO {
		form = 41
	}
	day := r.At.Truncate(24*time.Hour).AddDate(0, 0, -1)
	return r.Sale(form, 1, kopecks, 1).Add(U8(1173, 0),
		TLV(1174, append(U32(1178, uint32(day.Unix())), Text(1179, "1")...)))
}

// Sale is a receipt, БСО or correction of an operation (1 to 4) with so many items
// of the same price.
func (r *Register) Sale(form int, operation byte, kopecks uint64, items int) *Document {
	r.Number++
	total := kopecks * uint64(items)
	r.InShift.add(form, operation, total)
	r.InLife.add(form, operation, total)
	d := r.next(form).Add(U32(1038, r.Shift), U32(1042, r.Number), U8(1054, operation), VLN(1020, total), U8(1055, 1),
		Text(1048, user), Text(1009, address), Text(1187, place), Text(1060, site), Text(1021, cashier))
	for i := range items {
		d.Add(TLV(1059, r.item(fmt.Sprintf("Хлеб %d", i+1), kopecks)))
	}
	return d.Add(VLN(1031, total), VLN(1081, 0), VLN(1215, 0), VLN(1216, 0), VLN(1217, 0), VLN(1105, total))
}

func (r *Register) item(name string, kopecks uint64) (b []byte) {
	for _, f := range [][]byte{Text(1030, name), VLN(1079, kopecks), TLV(1023, []byte{0, 1}), VLN(1043, kopecks), U8(1199, 6), U8(1214, 4), U8(1212, 1)} {
		b = append(b, f...)
	}
	if r.FFD == 4 {
		b = append(b, U8(2108, 0)...)
	}
	return b
}

// CloseShift is form 5.
func (r *Register) CloseShift() *Document {
	d := r.next(5)
	r.Open = false
	if r.FFD > 2 {
		d.Add(r.InLife.counters(1157), r.InShift.counters(1194), keyDays)
	}
	return d.Add(U32(1038, r.Shift), U32(1118, r.Number), U32(1111, d.FD-r.Opened+1), U32(1097, 0), U32(1098, 0), Text(1021, cashier))
}

// StateReport is form 21 with nothing unsent.
func (r *Register) StateReport() *Document {
	d := r.next(21)
	if r.Open {
		d.Add(U32(1038, r.Shift))
	}
	if d.Add(U32(1097, 0), U32(1116, 0), U32(1098, 0)); r.FFD > 2 {
		d.Add(r.InLife.counters(1157), TLV(1158, U32(1144, 0)))
	}
	if r.FFD > 3 {
		d.Add(keyDays)
	}
	return d
}

// CloseArchive is form 6.
func (r *Register) CloseArchive() *Document {
	d := r.next(6).Add(U32(1038, r.Shift), Text(1048, user), Text(1021, cashier), Text(1009, address), Text(1187, place))
	if r.FFD > 2 {
		d.Add(r.InLife.counters(1157))
	}
	return d
}

// Replaced is the register with a new drive of another number: what it does next is
// form 11 with reason 1.
func (r *Register) Replaced(master [32]byte, serial uint64) *Register {
	n := *r
	n.Rename(master, fmt.Sprintf("9999%012d", serial%1_000_000_000_000))
	n.FD, n.Shift, n.Number, n.Open = 0, 0, 0, false
	n.InShift, n.InLife = Ledger{}, Ledger{}
	return &n
}

package model

// Ledger is what a drive counts: receipts and sums by operation type, corrections
// apart (fn.md section 8).
type Ledger struct {
	Kinds       [4]Kind // operations 1 to 4
	Corrections [4]Kind
}

// Kind counts one operation type; everything is paid in cash and free of VAT.
type Kind struct {
	Count uint32
	Sum   uint64 // kopecks
}

func (l *Ledger) add(form int, operation byte, kopecks uint64) {
	if operation < 1 || operation > 4 {
		return
	}
	k := &l.Kinds[operation-1]
	if form == 31 || form == 41 {
		k = &l.Corrections[operation-1]
	}
	k.Count++
	k.Sum += kopecks
}

// counters is structure 1157 or 1194. A kind whose count is zero leaves its sums out
// (P-13).
func (l *Ledger) counters(tag int) []byte {
	var receipts, corrected uint32
	for i := range 4 {
		receipts += l.Kinds[i].Count
		corrected += l.Corrections[i].Count
	}
	inside := U32(1134, receipts+corrected)
	for i, kind := range []int{1129, 1130, 1131, 1132} {
		inside = append(inside, TLV(kind, l.Kinds[i].fields(true))...)
	}
	corrections := U32(1144, corrected)
	for i, kind := range []int{1145, 1146, 1232, 1233} {
		if l.Corrections[i].Count > 0 {
			corrections = append(corrections, TLV(kind, l.Corrections[i].fields(false))...)
		}
	}
	return TLV(tag, append(inside, TLV(1133, corrections)...))
}

func (k *Kind) fields(vat bool) []byte {
	b := U32(1135, k.Count)
	if k.Count == 0 {
		return b
	}
	for _, f := range []struct {
		tag int
		sum uint64
	}{{1201, k.Sum}, {1136, k.Sum}, {1138, 0}, {1218, 0}, {1219, 0}, {1220, 0}} {
		b = append(b, VLN(f.tag, f.sum)...)
	}
	if !vat {
		return b
	}
	for _, tag := range []int{1139, 1140, 1141, 1142, 1143} {
		b = append(b, VLN(tag, 0)...)
	}
	return append(b, VLN(1183, k.Sum)...)
}

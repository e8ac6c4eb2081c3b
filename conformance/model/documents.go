package model

// Registration is form 1 in transfer mode, general and simplified taxation.
func (r *Register) Registration() *Document {
	d := r.next(1).Add(
		Fixed(1017, r.OFD, 12), Text(1046, "ОФД стенда"), Text(1048, "ООО Ромашка"), Text(1009, "Москва, ул. Тестовая, 1"),
		Text(1187, "касса 1"), Text(1060, "www.nalog.gov.ru"), Text(1117, "shop@example.test"), Text(1013, r.Factory),
		Text(1188, "1.0"), U8(1189, r.FFD), U8(1190, r.FFD), U8(1062, 3), U8(1002, 0), U8(1056, r.encryption()), U8(1001, 0), U8(1108, 0),
		Text(1021, "Кассир Иванов"),
	)
	switch r.FFD {
	case 2:
		d.Add(U8(1109, 0), U8(1110, 0), U8(1221, 0), U8(1207, 0), U8(1126, 0), U8(1193, 0)).Replace(U8(1190, 3))
	case 3:
		d.Add(U8(1109, 0), U8(1110, 0), U8(1221, 0), U8(1207, 0), U8(1126, 0), U8(1193, 0), TLV(1213, []byte{0x9A, 0x01}))
	case 4:
		d.Drop(1108).Add(U32(1290, 0), TLV(1213, []byte{0x9A, 0x01}))
	}
	return d
}

func (r *Register) encryption() byte {
	if r.Encrypt {
		return 1
	}
	return 0
}

// OpenShift is form 2.
func (r *Register) OpenShift() *Document {
	r.Shift++
	r.Number, r.Docs = 0, 1
	return r.next(2).Add(U32(1038, r.Shift), Text(1021, "Кассир Иванов"), Text(1048, "ООО Ромашка"),
		Text(1009, "Москва, ул. Тестовая, 1"), Text(1187, "касса 1"), Text(1188, "1.0"), U8(1189, r.FFD))
}

// Receipt is form 3: one item without VAT, paid in cash, kopecks.
func (r *Register) Receipt(kopecks uint64) *Document {
	r.Number++
	r.Docs++
	item := append(Text(1030, "Хлеб"), VLN(1079, kopecks)...)
	item = append(item, TLV(1023, []byte{0, 1})...)
	item = append(item, VLN(1043, kopecks)...)
	item = append(item, U8(1199, 6)...)
	item = append(item, U8(1214, 4)...)
	item = append(item, U8(1212, 1)...)
	if r.FFD == 4 {
		item = append(item, U8(2108, 0)...)
	}
	return r.next(3).Add(U32(1038, r.Shift), U32(1042, r.Number), U8(1054, 1), VLN(1020, kopecks), U8(1055, 1),
		Text(1048, "ООО Ромашка"), Text(1009, "Москва, ул. Тестовая, 1"), Text(1187, "касса 1"), Text(1060, "www.nalog.gov.ru"),
		Text(1021, "Кассир Иванов"), TLV(1059, item),
		VLN(1031, kopecks), VLN(1081, 0), VLN(1215, 0), VLN(1216, 0), VLN(1217, 0), VLN(1105, kopecks))
}

// CloseShift is form 5.
func (r *Register) CloseShift() *Document {
	r.Docs++
	d := r.next(5)
	if r.FFD > 2 {
		d.Add(counters(1157), counters(1194), TLV(1213, []byte{0x9A, 0x01}))
	}
	return d.Add(U32(1038, r.Shift), U32(1118, r.Number), U32(1111, r.Docs), U32(1097, 0), U32(1098, 0),
		Text(1021, "Кассир Иванов"))
}

// counters is a counter structure with every count zero: a kind whose count is zero
// may leave its sums out (P-13).
func counters(tag int) []byte {
	inside := U32(1134, 0)
	for _, kind := range []int{1129, 1130, 1131, 1132} {
		inside = append(inside, TLV(kind, U32(1135, 0))...)
	}
	return TLV(tag, append(inside, TLV(1133, U32(1144, 0))...))
}

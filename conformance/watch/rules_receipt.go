package watch

import (
	"fmt"
	"math/big"
	"math/bits"
)

// rateTotals are the totals of rates 1 to 6; rates from 7 have an entry of 1115.
var rateTotals = map[uint64]int{1: 1102, 2: 1103, 3: 1106, 4: 1107, 5: 1104, 6: 1105}

var moneyRules = []rule{
	{"M-01", flagged, func(s *sheet) finding {
		if !s.receipt() {
			return notHere
		}
		return s.each(func(item *node) finding {
			price, sum := find(item.inner, 1079), find(item.inner, 1043)
			if price == nil || sum == nil || find(item.inner, 1023) == nil || find(item.inner, 1291) != nil {
				return notHere
			}
			q, places := find(item.inner, 1023).decimal()
			if places > 6 {
				return notHere
			}
			scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
			product := q.Mul(q, new(big.Int).SetUint64(price.number()))
			off := new(big.Int).Mul(new(big.Int).SetUint64(sum.number()), scale)
			off.Sub(off, product).Abs(off)
			return when(off.Cmp(scale) <= 0, sum.offset, fmt.Sprintf("price times quantity, %s/%s", product, scale), sum.number())
		})
	}},
	{"M-02", flagged, func(s *sheet) finding {
		if !s.sale() || len(s.items()) == 0 {
			return notHere
		}
		return s.sumOfItems()
	}},
	{"M-03", flagged, func(s *sheet) finding {
		if !s.receipt() || !s.has(1020) {
			return notHere
		}
		var sum uint64
		for _, tag := range []int{1031, 1081, 1215, 1216, 1217} {
			if !s.has(tag) {
				return bad(documentOffset, tag, "absent")
			}
			sum += s.number(tag)
		}
		return when(sum == s.number(1020), s.place(1020), sum, s.number(1020))
	}},
	{"M-05", flagged, func(s *sheet) finding {
		if !s.correction() || s.ffd != 2 || len(s.items()) == 0 {
			return notHere
		}
		return s.sumOfItems()
	}},
	{"M-07", flagged, func(s *sheet) finding {
		if !s.receipt() || s.ffd > 3 {
			return notHere
		}
		return s.each(func(item *node) finding {
			code := find(item.inner, 1162)
			if code == nil || len(code.value) < 2 {
				return notHere
			}
			switch [2]byte(code.value) {
			case [2]byte{0x44, 0x4D}, [2]byte{0x52, 0x46}, [2]byte{0xC5, 0x14}, [2]byte{0xC5, 0x1E}:
			default:
				return notHere
			}
			f := find(item.inner, 1023)
			q, places := f.decimal()
			one := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(min(places, 9))), nil)
			return when(f == nil || q.Cmp(one) == 0, code.offset, "quantity 1", q)
		})
	}},
	{"V-01", flagged, func(s *sheet) finding {
		if !s.receipt() || s.ffd == 3 { // the text of 2017 for FFD 1.1 lets them be absent
			return notHere
		}
		for _, tag := range []int{1102, 1103, 1104, 1105, 1106, 1107, 1115} {
			if s.has(tag) {
				return holds
			}
		}
		return bad(documentOffset, "a total of some rate", "none")
	}},
	{"V-02", flagged, func(s *sheet) finding {
		if !s.receipt() {
			return notHere
		}
		return s.each(func(item *node) finding {
			f := find(item.inner, 1199)
			if f == nil {
				return notHere
			}
			return when(s.hasTotal(f.number()), f.offset, fmt.Sprintf("a total for rate %d", f.number()), "none")
		})
	}},
	{"V-05", flagged, func(s *sheet) finding {
		if !s.receipt() || len(s.items()) == 0 {
			return notHere
		}
		var zero, none uint64
		for _, item := range s.items() {
			switch rate := find(item.inner, 1199); {
			case rate.number() == 5:
				zero += find(item.inner, 1043).number()
			case rate == nil || rate.number() == 6:
				none += find(item.inner, 1043).number()
			}
		}
		if s.number(1104) != zero && s.has(1104) {
			return bad(s.place(1104), zero, s.number(1104))
		}
		return when(s.number(1105) == none || !s.has(1105), s.place(1105), none, s.number(1105))
	}},
}

// sumOfItems compares the total with the items by whole roubles.
func (s *sheet) sumOfItems() finding {
	var sum uint64
	for _, item := range s.items() {
		sum += find(item.inner, 1043).number()
	}
	return when(sum/100 == s.number(1020)/100, s.place(1020), sum, s.number(1020))
}

func (s *sheet) hasTotal(rate uint64) bool {
	if tag, ok := rateTotals[rate]; ok {
		return s.has(tag)
	}
	for i := range s.top {
		if s.top[i].tag != 1115 {
			continue
		}
		for j := range s.top[i].inner {
			if one := &s.top[i].inner[j]; one.tag == 1119 && find(one.inner, 1199).number() == rate {
				return true
			}
		}
	}
	return false
}

var receiptRules = []rule{
	{"R-01", flagged, func(s *sheet) finding {
		if !s.receipt() {
			return notHere
		}
		n := s.number(1054)
		if s.correction() && s.ffd == 2 {
			return when(n == 1 || n == 3, s.place(1054), "1 or 3", s.seen(1054))
		}
		return when(n >= 1 && n <= 4 && times(s.top, 1054) == 1, s.place(1054), "one of 1 to 4", s.seen(1054))
	}},
	{"R-02", flagged, func(s *sheet) finding {
		if !s.receipt() {
			return notHere
		}
		return when(bits.OnesCount64(s.number(1055)) == 1, s.place(1055), "one bit", s.seen(1055))
	}},
	{"R-04", flagged, func(s *sheet) finding {
		if !s.sale() {
			return notHere
		}
		return s.each(func(item *node) finding {
			agent := find(item.inner, 1222)
			if agent.number() == 0 {
				return notHere
			}
			return when(find(item.inner, 1226) != nil, agent.offset, "1226 beside 1222", "absent")
		})
	}},
	{"R-05", flagged, func(s *sheet) finding {
		if !s.sale() || s.ffd != 2 {
			return notHere
		}
		return s.each(func(item *node) finding {
			return when(find(item.inner, 1030) != nil || find(item.inner, 1214).number() == 3, item.offset, "1030", "absent")
		})
	}},
	{"R-07", flagged, func(s *sheet) finding {
		reg := s.drive.reg
		if !s.receipt() || s.ffd > 3 || reg == nil || reg.excise {
			return notHere
		}
		return s.each(func(item *node) finding {
			f := find(item.inner, 1212)
			return when(f.number() != 2, item.offset, "no excise goods", "1212 = 2")
		})
	}},
	{"R-10", flagged, func(s *sheet) finding {
		if !s.receipt() || s.drive.reg == nil || !s.drive.reg.automat {
			return notHere
		}
		return when(s.has(1036), documentOffset, "1036", "absent")
	}},
	{"R-11", noted, func(s *sheet) finding {
		if !s.receipt() || s.drive.reg == nil || s.drive.reg.automat {
			return notHere
		}
		return when(s.has(1021), documentOffset, "1021", "absent")
	}},
	{"R-14", flagged, func(s *sheet) finding {
		if !s.correction() {
			return notHere
		}
		basis := s.field(1174)
		return when(basis != nil && find(basis.inner, 1178) != nil, s.place(1174), "1174 with 1178", "absent")
	}},
}

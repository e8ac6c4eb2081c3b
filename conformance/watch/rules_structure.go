package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// singles stand at most once in a document (S-06).
var singles = []int{1041, 1037, 1018, 1040, 1012, 1077, 1209, 1038, 1042, 1054, 1020, 1055, 1031, 1081, 1215, 1216, 1217,
	1102, 1103, 1104, 1105, 1106, 1107, 1174, 1062, 1189, 1118, 1111, 1097, 1098, 1116}

// lengths are of fields with one length (S-08).
var lengths = map[int]int{1012: 4, 1040: 4, 1041: 16, 1037: 20, 1018: 12, 1077: 6, 1038: 4, 1042: 4, 1054: 1, 1055: 1, 1062: 1, 1209: 1, 1189: 1,
	1190: 1, 1017: 12, 1118: 4, 1111: 4, 1097: 4, 1098: 4, 1116: 4, 1050: 1, 1051: 1, 1052: 1, 1053: 1, 1206: 1, 1101: 1, 1205: 4, 1290: 4, 1173: 1,
	1199: 1, 1214: 1, 1212: 1, 1222: 1, 2108: 1, 1001: 1, 1002: 1, 1056: 1, 1108: 1, 1109: 1, 1110: 1, 1207: 1, 1221: 1, 1126: 1, 1193: 1, 1178: 4, 1226: 12}

// greatest are the most bytes of some that vary (S-08). Numbers may have high zero
// bytes and are left out.
var greatest = map[int]int{1030: 128, 1048: 256, 1009: 256, 1187: 256, 1021: 64, 1046: 256, 1060: 256, 1117: 64, 1008: 64, 1036: 20, 1013: 20, 1179: 32}

// values are lists of numbers (S-10); 1062, 1055 and 1205 are sets of bits.
var values = map[int][2]uint64{1054: {1, 4}, 1199: {1, 12}, 1214: {1, 7}, 1209: {2, 4}, 1173: {0, 1}, 1101: {1, 4}, 1001: {0, 1}, 1002: {0, 1},
	1056: {0, 1}, 1108: {0, 1}, 1109: {0, 1}, 1110: {0, 1}, 1207: {0, 1}, 1221: {0, 1}, 1126: {0, 1}, 1193: {0, 1}, 1055: {0, 63}, 1062: {0, 63}}

// always are mandatory in every document of a form (S-07).
func (s *sheet) always() []int {
	all := []int{1041, 1018, 1040, 1012, 1077}
	switch {
	case s.registration():
		return append(all, 1037, 1013, 1048, 1009, 1187, 1062, 1189)
	case s.sale():
		return append(all, 1037, 1038, 1042, 1054, 1020, 1055, 1059)
	case s.correction():
		return append(all, 1037, 1038, 1042, 1054, 1020, 1055)
	case s.of(5):
		return append(all, 1037, 1038, 1118, 1111)
	case s.of(2, 6):
		return append(all, 1037, 1038)
	}
	return append(all, 1037)
}

// walk calls look for every field of the document, those inside others too.
func walk(level []node, look func(*node) finding) finding {
	sum := notHere
	for i := range level {
		for _, f := range []finding{look(&level[i]), walk(level[i].inner, look)} {
			switch {
			case f.judged && !f.ok:
				return f
			case f.judged:
				sum = holds
			}
		}
	}
	return sum
}

var structureRules = []rule{
	{"S-03", loose, func(s *sheet) finding {
		if s.ffd > 3 {
			return notHere
		}
		return s.within(4096)
	}},
	{"S-04", loose, func(s *sheet) finding {
		if s.ffd < 4 {
			return notHere
		}
		if s.registration() {
			return s.within(6144)
		}
		return s.within(4096)
	}},
	{"S-06", flagged, func(s *sheet) finding {
		for _, tag := range singles {
			if n := times(s.top, tag); n > 1 {
				return bad(s.place(tag), fmt.Sprintf("%d once", tag), n)
			}
		}
		return holds
	}},
	{"S-07", flagged, func(s *sheet) finding {
		for _, tag := range s.always() {
			if !s.has(tag) {
				return bad(documentOffset, tag, "absent")
			}
		}
		return holds
	}},
	{"S-08", flagged, func(s *sheet) finding {
		return walk(s.top, func(f *node) finding {
			if n, ok := lengths[f.tag]; ok {
				return when(len(f.value) == n, f.offset+2, fmt.Sprintf("%d of %d bytes", f.tag, n), len(f.value))
			}
			if n, ok := greatest[f.tag]; ok {
				return when(len(f.value) <= n, f.offset+2, fmt.Sprintf("%d of at most %d bytes", f.tag, n), len(f.value))
			}
			return notHere
		})
	}},
	{"S-09", flagged, func(s *sheet) finding {
		return walk(s.top, func(f *node) finding {
			switch f.tag {
			case 1041, 1037, 1018, 1017, 1226, 1230:
				return when(digits(f.text()), f.offset+4, fmt.Sprintf("digits in %d", f.tag), fmt.Sprintf("%q", f.text()))
			}
			return notHere
		})
	}},
	{"S-10", flagged, func(s *sheet) finding {
		return walk(s.top, func(f *node) finding {
			r, ok := values[f.tag]
			if !ok || len(f.value) != 1 {
				return notHere
			}
			return when(f.number() >= r[0] && f.number() <= r[1], f.offset+4, fmt.Sprintf("%d from %d to %d", f.tag, r[0], r[1]), f.number())
		})
	}},
	{"S-12", flagged, func(s *sheet) finding {
		if s.drive.reg == nil || s.drive.reg.ffd < 2 { // FFD 1.0 has no 1209
			return notHere
		}
		return when(s.has(1209), documentOffset, "1209", "absent")
	}},
	{"S-13", flagged, func(s *sheet) finding {
		if s.drive.reg == nil || s.registration() || !s.has(1209) {
			return notHere
		}
		return when(s.ffd == s.drive.reg.ffd, s.place(1209), s.drive.reg.ffd, s.ffd)
	}},
	{"S-14", flagged, func(s *sheet) finding {
		if !s.registration() || s.ffd != 2 {
			return notHere
		}
		kkt, fn := s.number(1189), s.number(1190)
		if kkt < 2 || kkt > 4 {
			return bad(s.place(1189), "1189 of 2, 3 or 4", s.seen(1189))
		}
		return when(!s.has(1190) || fn == 3 || fn == 4, s.place(1190), "1190 of 3 or 4", fn)
	}},
	{"D-03", flagged, func(s *sheet) finding {
		first := time.Date(2016, 9, 1, 0, 0, 0, 0, time.UTC)
		return when(!s.at.Before(first) && !s.at.After(s.now.Add(24*time.Hour)), s.place(1012), "from 2016-09-01 to a day from now", s.at.Format(time.RFC3339))
	}},
	{"D-05", flagged, func(s *sheet) finding {
		basis := s.field(1174)
		if !s.correction() || basis == nil || find(basis.inner, 1178) == nil {
			return notHere
		}
		f := find(basis.inner, 1178)
		day := time.Unix(int64(f.number()), 0).UTC()
		return when(day.Equal(day.Truncate(24*time.Hour)) && !day.After(s.at), f.offset, "a day, not after the document", day.Format(time.RFC3339))
	}},
}

// within is the limit of documents that are not receipts; receipts have 32768 bytes.
func (s *sheet) within(most int) finding {
	if s.receipt() {
		most = 32768
	}
	return when(s.size <= most, documentOffset+2, fmt.Sprintf("at most %d bytes", most), s.size)
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

var identityRules = []rule{
	{"I-03", flagged, func(s *sheet) finding {
		reg := s.drive.reg
		if reg == nil || !s.has(1037) {
			return notHere
		}
		return when(s.field(1037).text() == reg.rnm, s.place(1037), reg.rnm, s.field(1037).text())
	}},
	{"I-04", flagged, func(s *sheet) finding {
		f := s.field(1018)
		if f == nil {
			return notHere
		}
		inn := f.text()
		if len(inn) == 12 && strings.HasPrefix(inn, "00") { // met in the wild (flk.md I-04)
			inn = inn[2:]
		}
		if !validINN(inn) {
			return bad(f.offset, "right check digits", inn)
		}
		if reg := s.drive.reg; reg != nil {
			return when(inn == reg.inn, f.offset, reg.inn, inn)
		}
		return holds
	}},
	{"I-05", flagged, func(s *sheet) finding {
		if !s.registration() || !s.has(1017) {
			return notHere
		}
		want := s.ofd
		if s.number(1002) == 1 {
			want = "000000000000"
		}
		return when(s.field(1017).text() == want, s.place(1017), want, s.field(1017).text())
	}},
	{"I-06", flagged, func(s *sheet) finding {
		if !s.registration() || !s.has(1037) || !s.has(1013) || !s.has(1018) {
			return notHere
		}
		rnm := s.field(1037).text()
		var serial uint64
		if _, err := fmt.Sscanf(rnm[:min(len(rnm), 10)], "%d", &serial); err != nil {
			return bad(s.place(1037), "16 digits", rnm)
		}
		want := model.RNM(serial, s.field(1018).text(), s.field(1013).text())
		return when(rnm == want, s.place(1037), want, rnm)
	}},
}

// validINN is flk.md section 10.
func validINN(inn string) bool {
	check := func(weights ...int) bool {
		sum := 0
		for i, w := range weights {
			sum += int(inn[i]-'0') * w
		}
		return sum%11%10 == int(inn[len(weights)]-'0')
	}
	switch {
	case !digits(inn):
		return false
	case len(inn) == 10:
		return check(2, 4, 10, 3, 5, 9, 4, 6, 8)
	case len(inn) == 12:
		return check(7, 2, 4, 10, 3, 5, 9, 4, 6, 8) && check(3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
	}
	return false
}

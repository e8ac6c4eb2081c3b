package watch

var sequenceRules = []rule{
	{"Q-01", flagged, func(s *sheet) finding {
		if !s.of(1) {
			return notHere
		}
		return when(s.fd == 1, s.place(1040), 1, s.fd)
	}},
	{"Q-02", flagged, func(s *sheet) finding {
		if !s.of(11) || !s.newDrive() {
			return notHere
		}
		return when(s.fd == 1, s.place(1040), 1, s.fd)
	}},
	{"Q-03", noted, func(s *sheet) finding {
		if s.drive.high == 0 || s.fd <= s.drive.high {
			return notHere
		}
		return when(s.fd == s.drive.high+1, s.place(1040), s.drive.high+1, s.fd)
	}},
	{"Q-04", flagged, func(s *sheet) finding {
		if !s.of(2) || !s.drive.sure() {
			return notHere
		}
		want := uint64(s.drive.shift.number) + 1
		return when(s.number(1038) == want, s.place(1038), want, s.seen(1038))
	}},
	{"Q-05", flagged, func(s *sheet) finding {
		if !s.receipt() || !s.drive.sure() {
			return notHere
		}
		if !s.drive.shift.open {
			return bad(documentOffset, "an open shift", "closed")
		}
		return when(s.number(1038) == uint64(s.drive.shift.number), s.place(1038), s.drive.shift.number, s.seen(1038))
	}},
	{"Q-06", noted, func(s *sheet) finding {
		if !s.receipt() || !s.drive.sure() || !s.drive.shift.open {
			return notHere
		}
		want := uint64(s.drive.shift.receipts) + 1
		return when(s.number(1042) == want, s.place(1042), want, s.seen(1042))
	}},
	{"Q-07", flagged, func(s *sheet) finding {
		if !s.of(5) || !s.drive.sure() {
			return notHere
		}
		if !s.drive.shift.open {
			return bad(documentOffset, "an open shift", "closed")
		}
		return when(s.number(1038) == uint64(s.drive.shift.number), s.place(1038), s.drive.shift.number, s.seen(1038))
	}},
	{"Q-08", flagged, func(s *sheet) finding {
		if !s.of(5) || !s.drive.sure() || !s.drive.shift.open {
			return notHere
		}
		return when(s.number(1118) == uint64(s.drive.shift.receipts), s.place(1118), s.drive.shift.receipts, s.seen(1118))
	}},
	{"Q-09", flagged, func(s *sheet) finding {
		if !s.of(21) || !s.drive.sure() {
			return notHere
		}
		return when(!s.has(1038) || s.number(1038) == 0 || s.drive.shift.open, s.place(1038), "1038 only while a shift is open", s.seen(1038))
	}},
	{"Q-10", flagged, func(s *sheet) finding {
		d := s.drive
		if !s.of(11) || d.reg == nil || !d.sure() || s.newDrive() || s.ffd == d.reg.ffd && (s.ffd < 3 || s.number(1205)>>21&1 == 0) {
			return notHere
		}
		return when(d.last.form == 21 && d.last.unsent == 0 && d.last.fd+1 == s.fd, documentOffset, "a state report with 1097 = 0 before it", d.last.form)
	}},
	{"Q-11", flagged, func(s *sheet) finding {
		if !s.of(6) || !s.drive.sure() {
			return notHere
		}
		return when(s.number(1038) == uint64(s.drive.shift.number), s.place(1038), s.drive.shift.number, s.seen(1038))
	}},
}

// flags of a registration before FFD 1.2 (P-01).
var registrationFlags = []int{1001, 1002, 1056, 1108, 1110, 1221}

var reportRules = []rule{
	{"P-01", flagged, func(s *sheet) finding {
		if !s.registration() || s.ffd < 2 || s.ffd > 3 {
			return notHere
		}
		all := registrationFlags
		if s.ffd == 3 {
			all = append(all[:len(all):len(all)], 1126, 1193, 1207)
		}
		for _, tag := range all {
			if !s.has(tag) {
				return bad(documentOffset, tag, "absent")
			}
		}
		return holds
	}},
	{"P-02", flagged, func(s *sheet) finding {
		if !s.registration() || s.number(1002) != 1 {
			return notHere
		}
		return when(s.number(1056) != 1, s.place(1056), "no encryption", s.seen(1056))
	}},
	{"P-03", flagged, func(s *sheet) finding {
		if !s.registration() || s.number(1001) != 1 {
			return notHere
		}
		return when(s.has(1036), documentOffset, "1036", "absent")
	}},
	{"P-04", flagged, func(s *sheet) finding {
		if !s.registration() || s.number(1002) == 1 {
			return notHere
		}
		for _, tag := range []int{1017, 1046, 1060, 1117} {
			if !s.has(tag) {
				return bad(documentOffset, tag, "absent")
			}
		}
		return holds
	}},
	{"P-05", flagged, func(s *sheet) finding {
		if !s.of(11) || s.ffd != 2 {
			return notHere
		}
		return when(s.has(1101) && s.number(1101) >= 1 && s.number(1101) <= 4, s.place(1101), "1 to 4", s.seen(1101))
	}},
	{"P-06", noted, func(s *sheet) finding {
		if !s.of(11) || s.ffd < 3 {
			return notHere
		}
		return when(s.number(1205) != 0, s.place(1205), "a bit", s.seen(1205))
	}},
	{"P-08", flagged, func(s *sheet) finding {
		if !s.of(2, 5) {
			return notHere
		}
		for _, tag := range []int{1050, 1051, 1052, 1053} {
			if s.has(tag) && s.number(tag) != 1 {
				return bad(s.place(tag), 1, s.seen(tag))
			}
		}
		return holds
	}},
	{"P-09", flagged, func(s *sheet) finding {
		if !s.of(21) || s.drive.reg == nil || s.drive.reg.autonomous {
			return notHere
		}
		all := []int{1116, 1097, 1098}
		if s.ffd >= 3 {
			all = append(all, 1158)
		}
		for _, tag := range all {
			if !s.has(tag) {
				return bad(documentOffset, tag, "absent")
			}
		}
		return holds
	}},
}

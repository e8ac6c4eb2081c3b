package target

import (
	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// strictModel is a drive that refuses conditions that do not suit its life (FN-020).
const strictModel = "ФН-1.2 исп. 4, 36 мес."

// driveSettings are what a case wants of a drive of the bench.
func driveSettings(s conformance.DriveSetup) fn.Settings {
	return fn.Settings{FiveMinutes: s.FiveMinutes, Capacity: s.Capacity, Registrations: s.Registrations, KeyDays: s.KeyDays, SumLimit: s.SumLimit,
		KeyUpdateDays: s.KeyUpdateDays, MarkingTable: s.MarkingTable, StoreBytes: s.StoreBytes, MaxItems: s.MaxItems}
}

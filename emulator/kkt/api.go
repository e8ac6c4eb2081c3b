package kkt

import (
	"errors"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
)

// KKT is a register with its drive. It is not safe for concurrent use.
type KKT struct{ opts Options }

var errSoon = errors.New("kkt: under construction")

// New makes a register.
func New(opts Options) (*KKT, error) { return &KKT{opts: opts}, nil }

// Register makes the registration report (form 1).
func (k *KKT) Register(r Registration) (Result, error) { return Result{}, errSoon }

// ChangeRegistration makes a report on a change of registration (form 11) without
// replacement of the drive.
func (k *KKT) ChangeRegistration(c Change) (Result, error) { return Result{}, errSoon }

// ReplaceFN puts a new drive in and makes form 11 with reason 1 (bit 0).
func (k *KKT) ReplaceFN(port fnport.Port, c Change) (Result, error) { return Result{}, errSoon }

// OpenShift makes the shift opening report (form 2).
func (k *KKT) OpenShift(c Cashier) (Result, error) { return Result{}, errSoon }

// CloseShift makes the shift closing report (form 5).
func (k *KKT) CloseShift(c Cashier) (Result, error) { return Result{}, errSoon }

// Receipt makes a receipt or БСО (forms 3, 4).
func (k *KKT) Receipt(r Receipt) (Result, error) { return Result{}, errSoon }

// Correction makes a correction receipt or БСО correction (forms 31, 41).
func (k *KKT) Correction(c Correction) (Result, error) { return Result{}, errSoon }

// StateReport makes the report on the current state of settlements (form 21).
func (k *KKT) StateReport() (Result, error) { return Result{}, errSoon }

// CloseArchive makes the report on closing the drive (form 6).
func (k *KKT) CloseArchive(c Cashier) (Result, error) { return Result{}, errSoon }

package fiscal

import "fmt"

// FFD is a version of the fiscal data formats as tag 1209 writes it.
type FFD uint8

// Versions of tag 1209. A document without 1209 is of FFD 1.0.
const (
	FFD10  FFD = 1
	FFD105 FFD = 2
	FFD11  FFD = 3
	FFD12  FFD = 4
)

// String prints "1.0", "1.05", "1.1" or "1.2".
func (v FFD) String() string {
	switch v {
	case 0, FFD10:
		return "1.0"
	case FFD105:
		return "1.05"
	case FFD11:
		return "1.1"
	case FFD12:
		return "1.2"
	}
	return fmt.Sprintf("ФФД(%d)", uint8(v))
}

// ParseFFD reads "1.0", "1.05", "1.1" or "1.2".
func ParseFFD(s string) (FFD, error) {
	for _, v := range []FFD{FFD10, FFD105, FFD11, FFD12} {
		if s == v.String() {
			return v, nil
		}
	}
	return 0, fmt.Errorf("fiscal: FFD version %q: want 1.0, 1.05, 1.1 or 1.2", s)
}

// OperationType is the sign of settlement (признак расчета, tag 1054).
type OperationType uint8

// Values of tag 1054.
const (
	Sell       OperationType = 1 // приход
	SellReturn OperationType = 2 // возврат прихода
	Buy        OperationType = 3 // расход
	BuyReturn  OperationType = 4 // возврат расхода
)

// String is the Russian word printed on a receipt.
func (t OperationType) String() string {
	switch t {
	case Sell:
		return "приход"
	case SellReturn:
		return "возврат прихода"
	case Buy:
		return "расход"
	case BuyReturn:
		return "возврат расхода"
	}
	return fmt.Sprintf("признак расчета %d", uint8(t))
}

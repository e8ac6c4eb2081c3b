package fn

// Command codes (fn.md 9.1; [doc S3]).
const (
	CmdBeginRegistration  byte = 0x02
	CmdFormRegistration   byte = 0x03
	CmdBeginCloseArchive  byte = 0x04
	CmdCloseArchive       byte = 0x05
	CmdCancel             byte = 0x06
	CmdData               byte = 0x07
	CmdShiftParams        byte = 0x10
	CmdBeginOpenShift     byte = 0x11
	CmdOpenShift          byte = 0x12
	CmdBeginCloseShift    byte = 0x13
	CmdCloseShift         byte = 0x14
	CmdBeginReceipt       byte = 0x15
	CmdFormReceipt        byte = 0x16
	CmdBeginCorrection    byte = 0x17
	CmdBeginStateReport   byte = 0x18
	CmdFormStateReport    byte = 0x19
	CmdExchangeStatus     byte = 0x20
	CmdTransport          byte = 0x21
	CmdBeginRead          byte = 0x22
	CmdReadBlock          byte = 0x23
	CmdCancelRead         byte = 0x24
	CmdEndRead            byte = 0x25
	CmdAck                byte = 0x26
	CmdStatus             byte = 0x30
	CmdNumber             byte = 0x31
	CmdLife               byte = 0x32
	CmdVersion            byte = 0x33
	CmdLastErrors         byte = 0x35
	CmdFindDocument       byte = 0x40
	CmdFindAck            byte = 0x41
	CmdUnconfirmed        byte = 0x42
	CmdRegistrationResult byte = 0x43
	CmdRegistrationTag    byte = 0x44
	CmdDocumentTLV        byte = 0x45
	CmdNextTLV            byte = 0x46
	CmdNextRegistration   byte = 0x47
	CmdReset              byte = 0x60
)

// Command codes of FFD 1.1 and 1.2 (fn.md 9.2; [code], no paper).
const (
	CmdCounters            byte = 0x36
	CmdOperationCounters   byte = 0x37
	CmdKindCounters        byte = 0x38
	CmdUnsentCounters      byte = 0x39
	CmdFFD                 byte = 0x3A
	CmdDaysLeft            byte = 0x3B
	CmdMemoryLeft          byte = 0x3D
	CmdBeginRegistrationV2 byte = 0xA2
	CmdFormRegistrationV2  byte = 0xA3
	CmdLineSpeed           byte = 0xAB
	CmdMarkingState        byte = 0xB0
	CmdMarkingCheck        byte = 0xB1
	CmdMarkingKeep         byte = 0xB2
	CmdMarkingClear        byte = 0xB3
	CmdMarkingRequest      byte = 0xB5
	CmdMarkingAnswer       byte = 0xB6
	CmdMarkingNotice       byte = 0xB7
	CmdNoticeStatus        byte = 0xBA
	CmdNoticeBeginRead     byte = 0xBB
	CmdNoticeReadBlock     byte = 0xBC
	CmdNoticeCancelRead    byte = 0xBD
	CmdNoticeEndRead       byte = 0xBE
	CmdNoticeAck           byte = 0xBF
	CmdKeyRequest          byte = 0xD0
	CmdKeyAnswer           byte = 0xD1
	CmdExportBegin         byte = 0xD3
	CmdExportRead          byte = 0xD4
	CmdExportEnd           byte = 0xD5
	CmdExportConfirm       byte = 0xD6
	CmdKeyService          byte = 0xD7
)

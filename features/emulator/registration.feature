Feature: What a register refuses to register
  Law and drive limit what may be registered; the register says why it refuses, and goes on working.

  Rule: Registration number has check digits made of INN and factory number, and both are written once (fn.md 1, 2)

    @case:K-002 @must
    Scenario: A registration number that does not fit is refused
      Given a new register of FFD 1.2
      When the register is registered under a wrong registration number
      Then the register refuses by rule I-03
      And the drive is ready for registration

    @case:registration/drive-checks-too @must
    Scenario: The drive refuses what a careless register lets pass
      Given a new careless register of FFD 1.05
      When the register is registered under a wrong registration number
      Then the register refuses because of "контрольное число РНМ"
      And the drive is ready for registration

    @case:registration/inn-is-written-once @must
    Scenario: Another user needs another drive
      Given a registered register of FFD 1.05
      When the register is re-registered with another INN of the user
      Then the register refuses because of "записывается в ФН один раз"

  Rule: The number of registrations of a drive is limited (fn.md FN-012)

    @case:K-003 @must
    Scenario: No registrations are left
      Given the drive takes 2 registrations
      And a registered register of FFD 1.2
      And the register is re-registered with the user's name "ООО Василёк"
      When the register is re-registered with the user's name "ООО Мак"
      Then the register refuses by rule FN-012
      When the register trades for 1 day with 1 receipt a day
      Then the operator keeps every document of the drive

  Rule: A drive of FFD 1.2 refuses conditions that its life does not suit (fn.md FN-020)

    @case:K-004 @should @ffd1.2
    Scenario: General taxes and goods do not suit a drive of 36 months
      Given a drive of the model "ФН-1.2 исп. 3, 36 мес."
      And a new register of FFD 1.2
      When the register is registered
      Then the register refuses because of "не подходят к ФН на 36 мес."
      And the drive is ready for registration

  Rule: Parameters change between shifts only (fn.md 3.1)

    @case:K-040 @must
    Scenario: Re-registration in an open shift
      Given a register of FFD 1.05 with an open shift
      When the register is re-registered with the user's name "ООО Василёк"
      Then the register refuses because of "смена открыта"
      When the register closes the shift
      And the register is re-registered with the user's name "ООО Василёк"
      Then the last document is a change of registration with number 4

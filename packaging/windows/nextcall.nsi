; The installer for Windows, compiled by installer.py, which defines what is not known here:
; VERSION (1.2.3), NUMBERS (1.2.3.0), KB (its size), FOLDER (the frozen program), ICON (an .ico), APP_ID and OUT;
; and QUICK where its size does not matter.
; INSTALLER.md has the switches and exit codes; trial.py tries them.
;
; It puts a folder and a few files below $INSTDIR, and touches nothing else there. An upgrade moves the old ones aside and back
; again should anything go wrong, so there is always a whole program, and nothing of the old one is left among the new.

Unicode true
!if /FileExists "${NSISDIR}/Stubs/lzma_solid-amd64-unicode"
  Target amd64-unicode ; Debian's NSIS has it; without it the installer is a 32-bit program, which does the same
!endif
ManifestDPIAware true
RequestExecutionLevel user ; whoever installs for all users has the rights already, or is asked for them in .onInit
!ifdef QUICK
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64 ; MB, so that what both programs have in common is packed once
!endif
AllowSkipFiles off
ShowInstDetails nevershow
ShowUninstDetails nevershow

!include LogicLib.nsh
!include FileFunc.nsh
!include WinVer.nsh
!include x64.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh
!include MUI2.nsh

!define PROGRAM "nextcall.exe"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\NextCall"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define SCHEME "Software\Classes\nextcall"
!define IDENTITY "Software\Classes\AppUserModelId\${APP_ID}" ; desktop/ui/app_id.py

; Exit codes, as Windows' own installer has them. NSIS itself ends with 1 if the user cancels.
!define NO_RIGHTS 740
!define FAILED 1603
!define IN_USE 1618
!define NOT_FOR_THIS_WINDOWS 1633
!define INSTALLED_ELSEWHERE 1638

Name "NextCall"
OutFile "${OUT}"
BrandingText "NextCall ${VERSION}"
VIProductVersion "${NUMBERS}"
VIAddVersionKey ProductName "NextCall"
VIAddVersionKey CompanyName "NextCall"
VIAddVersionKey FileDescription "NextCall Setup"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey LegalCopyright "MIT license"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_COMPONENTSPAGE_NODESC
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_TEXT "Start NextCall"
!define MUI_FINISHPAGE_RUN_FUNCTION StartIt
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

Var ForAll ; 1 if it is for all users of the computer
Var Patience ; milliseconds that a silent run waits for a shift to end
Var Moved ; 1 as soon as the old program is aside
Var Code ; the exit code, should a section be aborted

!macro Parts do
  !insertmacro ${do} "_internal"
  !insertmacro ${do} "${PROGRAM}"
  !insertmacro ${do} "nextcall-cli.exe"
  !insertmacro ${do} "nextcall.ico"
  !insertmacro ${do} "uninstall.exe"
!macroend

; ------------------------------------------------------------------------------------- what installer and uninstaller share

!macro Shared un itself

; Say $0 and end with the exit code $1.
Function ${un}Refuse
  SetErrorLevel $1
  MessageBox MB_OK|MB_ICONSTOP "$0" /SD IDOK
  Quit
FunctionEnd

; Be for all users: with the rights to change what is theirs, or not at all.
Function ${un}BeForAll
  StrCpy $ForAll 1
  SetShellVarContext all
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 != "Admin"
    ${IfNot} ${Silent}
      ${GetParameters} $0
      ExecShell "runas" "${itself}" "$0"
      ${IfNot} ${Errors}
        Quit
      ${EndIf}
    ${EndIf}
    StrCpy $0 "NextCall for all users of this computer needs an administrator."
    StrCpy $1 ${NO_RIGHTS}
    Call ${un}Refuse
  ${EndIf}
FunctionEnd

; Have no NextCall run from $INSTDIR, or abort. The agent's own NextCall leaves when it is asked, unless a shift is on. Others - of
; another user, or a practice service - are not asked, but noticed: Windows lets nobody write to a program that runs.
Function ${un}MakeWay
  System::Call 'kernel32::GetTickCount()i.r8'
  ${Do}
    Call ${un}LookForUse
    ${If} $0 = 0
      Return
    ${EndIf}
    nsExec::Exec /TIMEOUT=60000 '"$INSTDIR\${PROGRAM}" --quit-for-update' ; what it says is no more than what is seen then
    Pop $0
    ${For} $R1 1 10 ; the program that plays its sounds may take a moment longer
      Call ${un}LookForUse
      ${If} $0 = 0
        Return
      ${EndIf}
      Sleep 300
    ${Next}
    ${If} ${Silent}
      System::Call 'kernel32::GetTickCount()i.r9'
      IntOp $9 $9 - $8
      ${If} $9 >= $Patience
        ${Break}
      ${EndIf}
      Sleep 5000
    ${ElseIf} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "NextCall is being used.$\r$\n$\r$\nEnd the shift, quit NextCall, then try again." IDCANCEL`
      ${Break}
    ${EndIf}
  ${Loop}
  StrCpy $Code ${IN_USE}
  Abort "NextCall is being used. Nothing was changed."
FunctionEnd

; $0 is 1 if a program of $INSTDIR runs.
Function ${un}LookForUse
  StrCpy $0 0
  !insertmacro LookForUse "${PROGRAM}"
  !insertmacro LookForUse "nextcall-cli.exe"
FunctionEnd

!macroend

!macro LookForUse name
  ; for writing, whatever others do with the file, as it is: only a running program refuses that
  System::Call 'kernel32::CreateFile(t "$INSTDIR\${name}", i 0x40000000, i 7, p 0, i 3, i 0, p 0)p.r2 ?e'
  Pop $3
  ${If} $2 P<> -1
    System::Call 'kernel32::CloseHandle(p r2)'
  ${ElseIf} $3 = 32 ; a sharing violation
    StrCpy $0 1
  ${EndIf}
!macroend

!insertmacro Shared "" "$EXEPATH"
!insertmacro Shared "un." "$INSTDIR\uninstall.exe"

; ---------------------------------------------------------------------------------------------------------------- installing

!macro Aside name
  RMDir /r "$INSTDIR\${name}.old" ; of an upgrade that a power cut has ended
  Delete "$INSTDIR\${name}.old"
  ClearErrors
  ${If} ${FileExists} "$INSTDIR\${name}"
    Rename "$INSTDIR\${name}" "$INSTDIR\${name}.old"
    ${If} ${Errors}
      Abort "The old NextCall could not be moved."
    ${EndIf}
  ${EndIf}
!macroend

!macro Back name
  ${If} ${FileExists} "$INSTDIR\${name}.old"
    RMDir /r "$INSTDIR\${name}"
    Delete "$INSTDIR\${name}"
    Rename "$INSTDIR\${name}.old" "$INSTDIR\${name}"
  ${ElseIf} $Moved = 1 ; it is new
    RMDir /r "$INSTDIR\${name}"
    Delete "$INSTDIR\${name}"
  ${EndIf}
!macroend

!macro Away name
  RMDir /r "$INSTDIR\${name}.old"
  Delete "$INSTDIR\${name}.old"
!macroend

Section "NextCall" NEXTCALL
  SectionIn RO
  StrCpy $Code ${FAILED}
  StrCpy $Moved 0
  Call MakeWay
  !insertmacro Parts Aside
  StrCpy $Moved 1
  ClearErrors
  SetOutPath "$INSTDIR"
  File /r "${FOLDER}\*.*"
  File "/oname=nextcall.ico" "${ICON}"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    Abort "The new NextCall could not be written."
  ${EndIf}

  ClearErrors
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "NextCall"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\nextcall.ico"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "NextCall"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  ; told where it is, an uninstaller runs there instead of in a copy of itself: whoever starts it can wait for it and has its exit code
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S _?=$INSTDIR'
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" ${KB}
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1

  WriteRegStr SHCTX "${SCHEME}" "" "URL:NextCall"
  WriteRegStr SHCTX "${SCHEME}" "URL Protocol" ""
  WriteRegStr SHCTX "${SCHEME}\DefaultIcon" "" "$INSTDIR\nextcall.ico"
  WriteRegStr SHCTX "${SCHEME}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  WriteRegStr SHCTX "${IDENTITY}" "DisplayName" "NextCall"
  WriteRegStr SHCTX "${IDENTITY}" "IconUri" "$INSTDIR\nextcall.ico"

  CreateShortcut /NoWorkingDir "$SMPROGRAMS\NextCall.lnk" "$INSTDIR\${PROGRAM}"
  ${If} ${Errors}
    Abort "Windows could not be told of NextCall."
  ${EndIf}
  Call NameShortcut
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)' ; links have another program now
  !insertmacro Parts Away
SectionEnd

Section /o "Start NextCall with Windows" AUTOSTART
  WriteRegStr SHCTX "${RUN}" "NextCall" '"$INSTDIR\${PROGRAM}"' ; desktop/settings/autostart.py
  DeleteRegValue SHCTX "${APPROVED}" "NextCall"
SectionEnd

; Give the shortcut NextCall's id (AppUserModelID), without which Windows does not know whose the notifications are.
Function NameShortcut
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
    ${If} $1 P<> 0
    ${AndIf} $2 P<> 0
      System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r3'
      System::Call '*(&i2 ${VT_LPWSTR}, &i6 0, w "${APP_ID}", p 0)p.r4' ; a PROPVARIANT
      ${IPersistFile::Load} $1 '("$SMPROGRAMS\NextCall.lnk", ${STGM_READWRITE})'
      ${IPropertyStore::SetValue} $2 '(r3, r4)'
      ${IPropertyStore::Commit} $2 ""
      ${IPersistFile::Save} $1 '("$SMPROGRAMS\NextCall.lnk", 1)'
      System::Free $3
      System::Free $4
    ${EndIf}
    ${If} $2 P<> 0
      ${IUnknown::Release} $2 ""
    ${EndIf}
    ${If} $1 P<> 0
      ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
  ${EndIf}
FunctionEnd

Function .onInit
  SetRegView 64
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    StrCpy $0 "NextCall needs Windows 10 or newer for 64-bit processors."
    StrCpy $1 ${NOT_FOR_THIS_WINDOWS}
    Call Refuse
  ${EndIf}

  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/Wait=" $Patience
  IntOp $Patience $Patience * 60000
  ClearErrors
  ${GetOptions} $R0 "/Autostart" $0
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${AUTOSTART}
  ${EndIf}
  ClearErrors
  ${GetOptions} $R0 "/AllUsers" $0
  ${IfNot} ${Errors}
    Call BeForAll
  ${EndIf}

  ; one installation: for all users, or each user's own
  ReadRegStr $R1 SHCTX "${UNINSTALL}" "InstallLocation"
  ${If} $ForAll != 1
    ReadRegStr $R2 HKLM "${UNINSTALL}" "InstallLocation"
    ${If} ${FileExists} "$R2\${PROGRAM}"
      StrCpy $R1 $R2
      StrCpy $0 "NextCall is installed for all users of this computer, in$\r$\n$R1.$\r$\n$\r$\nIts administrator updates it."
      StrCpy $1 ${INSTALLED_ELSEWHERE}
      Call Refuse
    ${EndIf}
  ${EndIf}
  ${If} $INSTDIR == "" ; no /D=
    StrCpy $INSTDIR $R1
    ${If} $INSTDIR != ""
    ${ElseIf} $ForAll = 1
      StrCpy $INSTDIR "$PROGRAMFILES64\NextCall"
    ${Else}
      StrCpy $INSTDIR "$LOCALAPPDATA\Programs\NextCall"
    ${EndIf}
  ${ElseIf} $INSTDIR != $R1
  ${AndIf} ${FileExists} "$R1\${PROGRAM}"
    StrCpy $0 "NextCall is installed in$\r$\n$R1.$\r$\n$\r$\nTo have it elsewhere, uninstall it there first."
    StrCpy $1 ${INSTALLED_ELSEWHERE}
    Call Refuse
  ${EndIf}
FunctionEnd

Function .onInstFailed
  SetOutPath "$TEMP" ; nobody can remove the folder that somebody is in
  !insertmacro Parts Back
  RMDir "$INSTDIR"
  SetErrorLevel $Code
FunctionEnd

; By the desktop, so that it does not get the rights of an administrator who has installed it.
Function StartIt
  Exec '"$WINDIR\explorer.exe" "$SMPROGRAMS\NextCall.lnk"'
FunctionEnd

; -------------------------------------------------------------------------------------------------------------- uninstalling

; $1 is 1 if the command line or path $0 begins in $INSTDIR.
Function un.IsOurs
  StrCpy $1 $0 1
  ${If} $1 == '"'
    StrCpy $0 $0 "" 1
  ${EndIf}
  StrLen $1 "$INSTDIR\"
  StrCpy $0 $0 $1
  StrCpy $1 0
  ${If} $0 == "$INSTDIR\"
    StrCpy $1 1
  ${EndIf}
FunctionEnd

!macro Remove name
  RMDir /r "$INSTDIR\${name}"
  Delete "$INSTDIR\${name}"
  RMDir /r "$INSTDIR\${name}.old"
  Delete "$INSTDIR\${name}.old"
!macroend

!macro RemoveRun root
  ReadRegStr $0 ${root} "${RUN}" "NextCall"
  Call un.IsOurs
  ${If} $1 = 1
    DeleteRegValue ${root} "${RUN}" "NextCall"
    DeleteRegValue ${root} "${APPROVED}" "NextCall"
  ${EndIf}
!macroend

Section /o "un.All that NextCall has kept for you: settings, journal, keys" DATA
SectionEnd

Section "un.NextCall" PROGRAMFILES
  SectionIn RO
  StrCpy $Code ${FAILED}
  Call un.MakeWay
  ${If} ${SectionIsSelected} ${DATA}
    nsExec::Exec /TIMEOUT=60000 '"$INSTDIR\${PROGRAM}" forget-secrets'
    Pop $0
    ${If} $0 != 0 ; or "error", or "timeout"
      Abort "The keys that NextCall has kept could not be removed."
    ${EndIf}
    SetShellVarContext current
    RMDir /r "$LOCALAPPDATA\NextCall"
    ${If} ${FileExists} "$LOCALAPPDATA\NextCall\*.*"
      Abort "What NextCall has kept could not be removed."
    ${EndIf}
    ${If} $ForAll = 1
      SetShellVarContext all
    ${EndIf}
  ${EndIf}

  !insertmacro RemoveRun HKCU
  ${If} $ForAll = 1
    !insertmacro RemoveRun HKLM
  ${EndIf}
  ReadRegStr $0 SHCTX "${SCHEME}\shell\open\command" ""
  Call un.IsOurs
  ${If} $1 = 1
    DeleteRegKey SHCTX "${SCHEME}"
  ${EndIf}
  ReadRegStr $0 SHCTX "${IDENTITY}" "IconUri"
  Call un.IsOurs
  ${If} $1 = 1
    DeleteRegKey SHCTX "${IDENTITY}"
  ${EndIf}
  Delete "$SMPROGRAMS\NextCall.lnk"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'

  SetOutPath "$TEMP"
  !insertmacro Parts Remove
  RMDir "$INSTDIR"
  ReadRegStr $0 SHCTX "${UNINSTALL}" "InstallLocation"
  ${If} $0 == $INSTDIR
    DeleteRegKey SHCTX "${UNINSTALL}"
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\_internal\*.*"
    Abort "Some files of NextCall could not be removed."
  ${ElseIf} ${FileExists} "$INSTDIR\uninstall.exe" ; it runs there, so another one takes it away
    Exec '"$INSTDIR\uninstall.exe" /S /Rest'
  ${EndIf}
SectionEnd

; Remove the uninstaller as soon as it has ended, and its folder. This is a copy of it (NSIS makes one).
Function un.RemoveRest
  SetOutPath "$TEMP"
  ${For} $R1 1 60
    ${If} ${FileExists} "$INSTDIR\${PROGRAM}" ; installed again meanwhile
      Return
    ${EndIf}
    Delete "$INSTDIR\uninstall.exe"
    ${IfNot} ${FileExists} "$INSTDIR\uninstall.exe"
      RMDir "$INSTDIR"
      Return
    ${EndIf}
    Sleep 500
  ${Next}
FunctionEnd

Function un.onInit
  SetRegView 64
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/Rest" $0
  ${IfNot} ${Errors}
    Call un.RemoveRest
    Quit
  ${EndIf}
  ReadRegStr $0 HKLM "${UNINSTALL}" "InstallLocation"
  ${If} $0 == $INSTDIR
    Call un.BeForAll
  ${EndIf}
  ClearErrors
  ${GetOptions} $R0 "/Wait=" $Patience
  IntOp $Patience $Patience * 60000
  ClearErrors
  ${GetOptions} $R0 "/RemoveData" $0
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${DATA}
  ${EndIf}
FunctionEnd

Function un.onUninstFailed
  SetErrorLevel $Code
FunctionEnd

<?php
// A team lead's acts with PHP's own SoapClient: it shares no code with NextCall or with any library that NextCall uses.
// Usage: php lead.php WSDL BROADCAST-WSDL CAMPAIGN FUNCTION [AGENT], the key on standard input. Prints one JSON object:
// what was returned, or the text of the fault.

[, $wsdl, $broadcast, $campaign, $function] = $argv;
$options = ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true];
$service = new SoapClient(str_ends_with($function, 'Campaign') ? $broadcast : $wsdl, $options);
$asked = ['key' => trim(fgets(STDIN)), 'campaignId' => (int) $campaign] + (isset($argv[5]) ? ['agentId' => $argv[5]] : []);
try {
    $answer = ['returned' => $service->__soapCall($function, [$asked])];
} catch (SoapFault $fault) {
    $answer = ['fault' => $fault->getMessage()];
}
echo json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);

<?php
// A team lead with PHP's own SoapClient: does what it reads, one JSON line each, and prints one JSON line about it.
// Usage: php lead.php WSDL BROADCAST-WSDL SOAP-VERSION(11|12). Reads ["function", {parameters}]; of two services, the one that has the
// function is asked. Prints {"returned": ...} or {"fault": "sentence"}.

[, $wsdl, $broadcast, $version] = $argv;
$options = ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'soap_version' => $version === '12' ? SOAP_1_2 : SOAP_1_1];
$campaigns = new SoapClient($broadcast, $options);
$agents = new SoapClient($wsdl, $options);

while (($line = fgets(STDIN)) !== false) {
    [$function, $parameters] = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    $service = str_ends_with($function, 'Campaign') ? $campaigns : $agents;
    try {
        $said = ['returned' => $service->__soapCall($function, [$parameters])];
    } catch (SoapFault $fault) {
        $said = ['fault' => $fault->getMessage()];
    }
    echo json_encode($said, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
}

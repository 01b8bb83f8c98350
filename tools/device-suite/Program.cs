using System.Reflection;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

// Runs the tests whose full name contains the argument, prints the failures and the counts, and exits with 1 if any failed.
string wanted = args.Length > 0 ? args[0] : "Backends.DeviceBackendTests(Cuda)";
var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
runner.Load(Assembly.Load("DemEngine.Kernels.Tests"), new Dictionary<string, object>());
string pattern = System.Security.SecurityElement.Escape($".*{System.Text.RegularExpressions.Regex.Escape(wanted)}.*");
ITestResult result = runner.Run(new Failures(), TestFilter.FromXml($"<filter><test re='1'>{pattern}</test></filter>"));
Console.WriteLine($"{wanted}: {result.PassCount} passed, {result.FailCount} failed, {result.SkipCount} skipped in {result.Duration:0.0} s");
return result.FailCount == 0 && result.PassCount > 0 ? 0 : 1;

internal sealed class Failures : ITestListener
{
    public void TestStarted(ITest test)
    {
    }

    public void TestFinished(ITestResult result)
    {
        if (!result.HasChildren && result.ResultState.Status is TestStatus.Failed)
            Console.WriteLine($"{result.FullName}\n    {result.Message}");
    }

    public void TestOutput(TestOutput output)
    {
    }

    public void SendMessage(TestMessage message)
    {
    }
}
